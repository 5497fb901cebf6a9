# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import os
import platform
from importlib import metadata
from typing import Dict, List

# Those whose versions matter to each other; of variants, what is installed.
PACKAGES = ('vitpose_mm', 'torch', 'torchvision', 'numpy', 'opencv-python',
            'opencv-python-headless', 'mmengine', 'mmcv', 'mmcv-lite', 'mmdet',
            'mmpose', 'mmpretrain', 'transformers', 'timm', 'openmim',
            'xtcocotools', 'setuptools')


def versions() -> Dict[str, str]:
    """Versions of Python and of the installed ones of PACKAGES."""
    found = {'python': platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            pass
    return found


def devices() -> List[str]:
    """The CPU and what CUDA devices torch sees, in words."""
    found = [f'CPU: {platform.machine()}, {os.cpu_count()} cores']
    try:
        import torch
        found += [
            f'CUDA {index}: {torch.cuda.get_device_name(index)}'
            for index in range(torch.cuda.device_count())
        ]
    except Exception:
        # A broken torch or driver is reported by its own check.
        pass
    return found
