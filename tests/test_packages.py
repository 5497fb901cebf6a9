# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""What packages say that they hold, and what registries hold of them."""
import importlib
from pathlib import Path

import pytest
from mmengine.registry import Registry
from mmpose import registry

REPO = Path(__file__).resolve().parents[1]
PACKAGES = sorted(
    '.'.join(path.parent.relative_to(REPO).parts)
    for name in ('vitpose_mm', 'vitpose_tools')
    for path in (REPO / name).rglob('__init__.py'))


@pytest.mark.parametrize('name', PACKAGES)
def test_a_package_has_what_it_names(name, request):
    if name == 'vitpose_mm.pretraining':
        request.getfixturevalue('mmpretrain')

    exec(f'from {name} import *', {})


def test_packages_name_what_a_config_can(mmpretrain):
    importlib.import_module('vitpose_mm.pretraining')
    families = [family for own in vars(registry).values()
                if isinstance(own, Registry)
                for family in (own, *(own.parent or own).children.values())]
    found = {cls for family in families for cls in family.module_dict.values()
             if cls.__module__.startswith('vitpose_mm.')}

    assert len({cls.__module__ for cls in found}) > 20
    for cls in found:
        # vitpose_mm.a.b.file: the class is named by vitpose_mm.a.b and .a
        *packages, _ = cls.__module__.split('.')
        for depth in range(2, len(packages) + 1):
            package = importlib.import_module('.'.join(packages[:depth]))
            assert cls.__name__ in package.__all__, package.__name__
