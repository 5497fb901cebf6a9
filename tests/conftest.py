# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import os
from pathlib import Path
from unittest import mock

import importlib_metadata
import pytest
import torch
from mmengine.registry import init_default_scope

import vitpose_mm  # noqa: F401

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
def mmpretrain():
    """MMPretrain, whose ViT is inside MMPose's own ViTPose configs.

    With transformers >= 5 installed, MMPretrain 1.2 fails while it imports
    its multi-modal models; it leaves them out where it finds no transformers.
    """
    find = importlib_metadata.distribution

    def hide_transformers(name):
        if name == 'transformers':
            raise importlib_metadata.PackageNotFoundError(name)
        return find(name)

    with mock.patch('importlib_metadata.distribution', hide_transformers):
        import mmpretrain
    return mmpretrain
