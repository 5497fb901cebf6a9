# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import re
import shutil
from importlib import metadata

from packaging.requirements import Requirement

from .result import Result, check_import, first_line

BOTH = 'pip install torch==2.11.0 torchvision==0.26.0'


def check_torch() -> Result:
    """torch imports and is recent enough."""
    result = check_import('torch', 'torch', BOTH)
    if result.status == 'ok':
        import torch
        if _minor_version(torch.__version__) < (2, 1):
            return Result('torch', 'fail', f'{torch.__version__} is < 2.1',
                          BOTH)
    return result


def check_torchvision() -> Result:
    """torchvision imports and belongs to this torch.

    Beside another torch it fails with "operator torchvision::nms does not
    exist", or later and less clearly.
    """
    result = check_import('torchvision', 'torchvision', BOTH)
    if result.status == 'ok':
        import torch
        import torchvision
        for needed in map(Requirement, metadata.requires('torchvision') or ()):
            if needed.name == 'torch' and not needed.specifier.contains(
                    torch.__version__.split('+')[0], prereleases=True):
                return Result(
                    'torchvision', 'warn', f'{torchvision.__version__} is '
                    f'made for {needed}, this is {torch.__version__}',
                    f'Install torchvision of this torch, or: {BOTH}')
    return result


def check_numpy() -> Result:
    """numpy imports and torch exchanges arrays with it."""
    result = check_import('numpy', 'numpy', 'pip install numpy')
    if result.status == 'fail' or check_torch().status == 'fail':
        return result
    import numpy as np
    import torch
    try:
        torch.from_numpy(np.zeros(1))
    except RuntimeError as error:
        return Result('numpy', 'fail',
                      f'{np.__version__} beside torch: {error}',
                      f"pip install 'numpy<2', or: {BOTH}")
    return result


def check_cuda() -> Result:
    """Every CUDA device that torch sees can multiply."""
    try:
        import torch
    except Exception:
        return Result('cuda', 'warn', 'not checked: torch does not import',
                      'Cure torch first.')
    if not torch.cuda.is_available():
        if shutil.which('nvidia-smi') is not None:
            return Result(
                'cuda', 'warn',
                f'nvidia-smi is here, but torch {torch.__version__} sees no '
                'device; training runs on the CPU',
                'Update the NVIDIA driver, or install a torch built for it.')
        return Result('cuda', 'ok', 'no device: training runs on the CPU')
    for index in range(torch.cuda.device_count()):
        try:
            ones = torch.ones(8, 8, device=f'cuda:{index}')
            (ones @ ones).sum().item()
        except Exception as error:
            return Result(
                'cuda', 'fail', f'device {index}: {first_line(error)}',
                'Install a torch built for this GPU and driver, free the '
                'device, or train on the CPU: export CUDA_VISIBLE_DEVICES=')
    return Result('cuda', 'ok', f'{torch.cuda.device_count()} usable')


def _minor_version(version: str) -> tuple:
    major, minor = re.match(r'(\d+)\.(\d+)', version).groups()
    return int(major), int(minor)
