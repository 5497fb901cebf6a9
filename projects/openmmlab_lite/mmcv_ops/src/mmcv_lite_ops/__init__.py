# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""MMCV's operators on torchvision and PyTorch, for every device.

Each function has the signature of the function of the same name in MMCV
2.1.0's compiled extension: results are written into tensors that the caller
passes, and gradients are added to what those hold.
"""
from mmcv.version import __version__

if not __version__.startswith('2.1.'):
    raise ImportError(
        'mmcv-lite-ops follows the calls of MMCV 2.1, but this is mmcv-lite '
        f'{__version__}; `pip install --no-deps mmcv-lite==2.1.0`')
