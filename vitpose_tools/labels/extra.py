# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""What the optional packages are needed for."""
import importlib
from pathlib import Path
from types import ModuleType

from .records import LabelsError


def need(module: str, path: Path) -> ModuleType:
    """Import a package of the extra 'labels'.

    Raises:
        LabelsError: If it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise LabelsError(f'{path} is read by {module.replace("_", "-")}, '
                          f'which is missing ({error}): pip install '
                          '"vitpose_mm[labels]"')
