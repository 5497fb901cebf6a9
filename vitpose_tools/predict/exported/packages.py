# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import importlib
from types import ModuleType

from .card import ExportError


def need(package: str) -> ModuleType:
    """Import a package of the extra 'export'.

    Args:
        package: Its name, which is also the module's.

    Raises:
        ExportError: If it is not installed.
    """
    try:
        return importlib.import_module(package)
    except ModuleNotFoundError as error:
        if error.name != package:
            raise
        raise ExportError(f'{package} is not installed: '
                          f'pip install {package}') from error
