# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Checks of the environment, each with its cure."""
import warnings
from typing import List

from . import openmmlab, pytorch, system
from .result import Result

__all__ = ['CHECKS', 'Result', 'diagnose']

# In the order in which cures should be applied.
CHECKS = (
    system.check_python,
    system.check_setuptools,
    pytorch.check_numpy,
    pytorch.check_torch,
    pytorch.check_torchvision,
    pytorch.check_cuda,
    openmmlab.check_overlaps,
    openmmlab.check_opencv,
    openmmlab.check_xtcocotools,
    openmmlab.check_mmengine,
    openmmlab.check_mmcv,
    openmmlab.check_mmdet,
    openmmlab.check_mmpose,
    openmmlab.check_openmim,
    openmmlab.check_vitpose_mm,
    openmmlab.check_checkpoints,
    openmmlab.check_drawing,
    openmmlab.check_mmpretrain,
    system.check_data_folder,
)


def diagnose() -> List[Result]:
    """Run every check, about 10 seconds: most of it is imports."""
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        return [check() for check in CHECKS]
