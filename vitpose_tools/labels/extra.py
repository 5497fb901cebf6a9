# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from pathlib import Path
from types import ModuleType

from vitpose_tools import extras
from .records import LabelsError


def need(module: str, path: Path) -> ModuleType:
    """Import a package of the extra 'labels' that reads a file.

    Raises:
        LabelsError: If it is not installed.
    """
    try:
        return extras.need(module, f'{path} is read', 'labels')
    except extras.MissingPackage as error:
        raise LabelsError(str(error)) from error
