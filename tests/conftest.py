# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import os
from pathlib import Path
from types import ModuleType

import pytest
import torch
from mmengine.registry import init_default_scope

import vitpose_mm  # noqa: F401
from vitpose_tools.benchmark.recipes import import_mmpretrain

REPO = Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True)
def mmpose_scope():
    """Resolve config types as MMPose's runner does, repeatably."""
    init_default_scope('mmpose')
    torch.manual_seed(0)


@pytest.fixture(scope='session')
def repo() -> Path:
    return REPO


@pytest.fixture(scope='session')
def real_data() -> Path:
    """Folder with a few images of the real datasets, in their formats."""
    root = Path(
        os.environ.get('VITPOSE_DATA') or REPO.parent / 'shared' / 'data')
    if not (root / 'coco' / 'test_coco.json').exists():
        pytest.skip(f'no real COCO images in {root}; set VITPOSE_DATA')
    return root.resolve()


@pytest.fixture(scope='session')
def mmpretrain() -> ModuleType:
    """MMPretrain, whose ViT is inside MMPose's own ViTPose configs."""
    return import_mmpretrain()


@pytest.fixture
def pretraining(mmpretrain) -> ModuleType:
    """vitpose_mm.pretraining, with MMPretrain's registries in charge."""
    import vitpose_mm.pretraining
    init_default_scope('mmpretrain')
    return vitpose_mm.pretraining
