# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Which package may import which: read from the source, not from imports."""
import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Dict, Iterator, Set

import pytest


def module_name(path: Path, root: Path) -> str:
    parts = list(path.relative_to(root).with_suffix('').parts)
    return '.'.join(parts[:-1] if parts[-1] == '__init__' else parts)


def imports(path: Path, root: Path) -> Iterator[str]:
    """Full names of what a file imports, also inside functions."""
    package = path.relative_to(root).parent.parts
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = package[:len(package) - node.level + 1] if node.level \
                else ()
            base = '.'.join([*start, *([node.module] if node.module else [])])
            yield from (f'{base}.{alias.name}' for alias in node.names)


def graph(root: Path, package: str) -> Dict[str, Set[str]]:
    """Module -> modules of this repository that it imports."""
    files = {module_name(path, root): path
             for name in ('vitpose_mm', 'vitpose_tools')
             for path in (root / name).rglob('*.py')}
    found = {}
    for name, path in files.items():
        if name.split('.')[0] != package:
            continue
        targets = set()
        for target in imports(path, root):
            while target and target not in files:
                target = target.rpartition('.')[0]
            if target:
                targets.add(target)
        found[name] = targets - {name}
    return found


def test_what_a_config_names_does_not_need_what_a_person_types(repo):
    above = {name: targets for name, found in graph(repo, 'vitpose_mm').items()
             if (targets := [target for target in found
                             if target.startswith('vitpose_tools')])}

    assert not above


@pytest.mark.parametrize('package', ['vitpose_mm', 'vitpose_tools'])
def test_packages_do_not_import_each_other_in_a_circle(repo, package):
    parts = {}
    for name, targets in graph(repo, package).items():
        part = '.'.join(name.split('.')[:2])
        parts.setdefault(part, set()).update(
            '.'.join(target.split('.')[:2]) for target in targets)
    # A package imports its parts to register them; they may take its version.
    edges = {part: targets - {part, package} for part, targets in parts.items()
             if part != package}

    try:
        list(TopologicalSorter(edges).static_order())
    except CycleError as error:
        pytest.fail(' -> '.join(error.args[1]))


def test_the_commands_import_no_torch_before_they_run(repo):
    for name in ('__init__.py', 'cli/__init__.py', 'cli/main.py'):
        path = repo / 'vitpose_tools' / name
        heads = {target.split('.')[0] for target in imports(path, repo)}
        assert not heads & {'torch', 'mmpose', 'mmengine', 'vitpose_mm'}, name
