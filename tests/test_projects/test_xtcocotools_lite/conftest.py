# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""xtcocotools-lite from its sources, whichever xtcocotools is installed."""
import sys
from importlib import import_module, util
from pathlib import Path
from types import ModuleType

import pytest

ALIAS = 'xtcocotools_lite'


@pytest.fixture(scope='session')
def lite_folder(repo: Path) -> Path:
    return repo / 'projects' / 'openmmlab_lite'


@pytest.fixture(scope='session')
def lite(lite_folder: Path) -> ModuleType:
    """The package, under a name that nothing else has."""
    folder = lite_folder / 'xtcocotools' / 'xtcocotools'
    spec = util.spec_from_file_location(
        ALIAS, folder / '__init__.py',
        submodule_search_locations=[str(folder)])
    package = util.module_from_spec(spec)
    sys.modules[ALIAS] = package
    spec.loader.exec_module(package)
    for name in ('coco', 'cocoeval', 'mask', 'matching'):
        import_module(f'{ALIAS}.{name}')
    return package


@pytest.fixture(scope='session')
def comparison(lite_folder: Path, lite: ModuleType) -> ModuleType:
    """compare/evaluation.py, with xtcocotools-lite."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(lite_folder / 'compare'))
        patch.setitem(sys.modules, 'xtcocotools', lite)
        for name in ('coco', 'cocoeval', 'mask'):
            patch.setitem(sys.modules, f'xtcocotools.{name}',
                          getattr(lite, name))
        return import_module('evaluation')


@pytest.fixture(scope='session')
def made_up(comparison: ModuleType) -> ModuleType:
    """The module that makes annotations and results."""
    return import_module('evaluation_cases')
