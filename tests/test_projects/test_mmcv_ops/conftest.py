# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""The operators are tested through mmcv.ops, whichever extension is there."""
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest
from mmcv import _ext

COMPILED = Path(_ext.__file__).name != '_ext.py'


def load(path: Path) -> ModuleType:
    """Module from a file outside of every package."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope='session')
def lite(repo: Path) -> Path:
    return repo / 'projects' / 'openmmlab_lite'


@pytest.fixture(scope='session')
def references(lite: Path) -> ModuleType:
    """Loops over pixels and samples, apart from the operators."""
    return load(lite / 'compare' / 'ops_references.py')


@pytest.fixture
def stand_in() -> ModuleType:
    """The extension of mmcv-lite-ops, as it is installed."""
    if COMPILED:
        pytest.skip('a compiled MMCV is in use, mmcv-lite-ops is not')
    return _ext


@pytest.fixture
def compiled() -> ModuleType:
    if not COMPILED:
        pytest.skip('needs a compiled MMCV, mmcv-lite-ops is in use')
    return _ext


@pytest.fixture
def gpu_only() -> None:
    """For operators without a kernel for the CPU in a compiled MMCV."""
    if COMPILED:
        pytest.skip('the compiled MMCV has this operator for GPUs only')
