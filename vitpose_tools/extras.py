# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""What the optional packages are needed for."""
import importlib
from types import ModuleType

# Not in the extra: what it requires puts opencv-python over the headless one,
# with which it runs as well.
ALONE = {'trackers': 'pip install --no-deps "trackers>=2.6,<3"'}


class MissingPackage(ImportError):
    """A package is not installed; the message says how it is."""


def need(module: str, purpose: str, extra: str = 'predict') -> ModuleType:
    """Import a package of an extra.

    Args:
        module: Its name in Python.
        purpose: What it does, such as 'Parquet is written'.
        extra: Which extra holds it.

    Raises:
        MissingPackage: If it is not installed, or does not load.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        cure = f'pip install "vitpose_mm[{extra}]"'
        if module in ALONE:
            cure += f' && {ALONE[module]}'
        raise MissingPackage(
            f'{purpose} by {module.replace("_", "-")}, which is missing '
            f'({error}): {cure}') from error
