# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""What the pages write in Python, and what they change in configs, is known to
the classes and configs that it is for."""
import ast
import importlib
import inspect
import re
import shlex
from argparse import ArgumentParser
from typing import Callable, Iterator, Set, Tuple

import mmengine.registry
import mmpose.registry
import pytest
from mmengine.config import Config, DictAction
from pages import PAGES, ROOT, blocks, commands

import vitpose_mm  # noqa: F401

REGISTRIES = [
    registry for module in (mmpose.registry, mmengine.registry)
    for registry in vars(module).values()
    if isinstance(registry, mmengine.registry.Registry)]
# Of dict(type=...) beside the arguments of the class.
KEYS = {'type', '_delete_', '_scope_'}
# What every runner takes, though not every config has it.
RUNNER = {'load_from', 'resume', 'sync_bn'}
# In the place of CONFIG.
ANY = 'configs/body_2d_keypoint/topdown_heatmap/coco/' \
    'td-hm_ViTPose-base_8xb64-210e_coco-256x192.py'


def typed_dicts(tree: ast.AST) -> Iterator[Tuple[str, list]]:
    """Type and keys of each dict(type='...', ...)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(
                node.func, 'id', '') == 'dict':
            values = {word.arg: word.value for word in node.keywords}
            kind = values.get('type')
            if isinstance(kind, ast.Constant):
                yield kind.value, [key for key in values if key not in KEYS]


def find(name: str) -> Callable:
    found = [registry.get(name) for registry in REGISTRIES
             if registry.get(name) is not None]
    assert found, f'no registry has {name}'
    return found[0]


def arguments(built: Callable) -> Set[str]:
    """Of a function, or of a class and what it is made of."""
    parts = [built] if inspect.isfunction(built) else [
        cls.__init__ for cls in inspect.getmro(built)]
    return {name for part in parts
            for name in inspect.signature(part).parameters}


@pytest.mark.parametrize('page', PAGES, ids=lambda page: page.name)
def test_python_names_what_exists(page, mmpretrain):
    for block in blocks(page, 'python'):
        # '...' stands for the rest of a call, which Python has no place for.
        tree = ast.parse(re.sub(r',\s*\.\.\.(?=[,)\]])', '', block))
        for name, keys in typed_dicts(tree):
            assert not set(keys) - arguments(find(name)), (name, keys)
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                module = importlib.import_module(node.module)
                for alias in node.names:
                    assert hasattr(module, alias.name), alias.name


CHANGES = [(page.name, line) for page in PAGES for line in commands(
    page, '(?:mim|torchrun|srun|python)') if '--cfg-options' in line]


@pytest.mark.parametrize('page, line', CHANGES)
def test_options_change_what_configs_have(page, line):
    words = shlex.split(line.replace(' CONFIG ', f' {ANY} '), comments=True)
    config, = (word for word in words if re.fullmatch(
        r'configs/[\w/.-]+\.py', word))
    own = Config.fromfile(ROOT / config)
    start = words.index('--cfg-options') + 1
    options = []
    for word in words[start:]:
        if word.startswith('-'):
            break
        options.append(word)
    assert options, line
    parser = ArgumentParser()
    parser.add_argument('--cfg-options', nargs='+', action=DictAction)
    changed = parser.parse_args(['--cfg-options', *options]).cfg_options
    for key in changed:
        node = own
        *parents, _ = key.split('.')
        assert parents or key in RUNNER or key in own, (page, key)
        for parent in parents:
            node = node[int(parent)] if parent.isdigit() else node[parent]
    own.merge_from_dict(changed)


@pytest.mark.parametrize('page', PAGES, ids=lambda page: page.name)
def test_scripts_exist(page):
    for block in blocks(page, 'bash'):
        for script in re.findall(
                r'(?<![\w/])(?:projects|tools)/[\w/-]+\.(?:py|sh)', block):
            assert (ROOT / script).exists(), script
