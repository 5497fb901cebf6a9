# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""What this machine has: versions and devices."""
import os
import platform
from importlib import metadata
from typing import Dict, List, Optional

import click

# Those whose versions matter to each other; of variants, what is installed.
PACKAGES = ('vitpose_mm', 'torch', 'torchvision', 'numpy', 'opencv-python',
            'opencv-python-headless', 'mmengine', 'onedl-mmengine', 'mmcv',
            'mmcv-lite', 'mmcv-lite-ops', 'mmdet', 'mmpose', 'mmpretrain',
            'transformers', 'timm', 'openmim', 'xtcocotools',
            'xtcocotools-lite', 'setuptools', 'onnx', 'onnxruntime',
            'openvino', 'nncf')


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


def pick_device(device: Optional[str] = None) -> str:
    """The device to compute on: 'cuda' or 'cpu'.

    Args:
        device: What was asked for; by default CUDA if there is one.

    Raises:
        ClickException: If there is no CUDA device to use.
    """
    import torch
    has_cuda = torch.cuda.is_available()
    if device == 'cuda' and not has_cuda:
        raise click.ClickException('--device cuda: PyTorch sees no CUDA '
                                   'device; `vitpose-mm doctor` says why')
    return device or ('cuda' if has_cuda else 'cpu')
