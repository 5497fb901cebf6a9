# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import importlib
from dataclasses import dataclass


@dataclass(frozen=True)
class Result:
    """What one check found.

    Attributes:
        name: What was checked.
        status: 'ok', 'warn' (training works) or 'fail' (it would not).
        detail: What was found.
        cure: What to do about it, empty if all is well.
    """
    name: str
    status: str
    detail: str
    cure: str = ''


def first_line(error: Exception) -> str:
    """The error's type and the first line of its message."""
    lines = str(error).strip().splitlines()
    return f'{type(error).__name__}: {lines[0] if lines else ""}'


def check_import(name: str, module: str, cure: str) -> Result:
    """Import a module and report its version or why it does not import.

    Args:
        name: Name of the check; also the top-level package ``module`` is in.
        module: Dotted name of the module to import.
        cure: What to do if that fails.
    """
    try:
        importlib.import_module(module)
    except ModuleNotFoundError as error:
        missing = error.name or name
        if missing.split('.')[0] != name:
            cure = f'Cure or install {missing.split(".")[0]} first.'
        return Result(name, 'fail', f'{missing} is not installed', cure)
    except Exception as error:
        # Packages also refuse each other by AssertionError (MMDetection),
        # ValueError (another NumPy ABI), RuntimeError (torchvision) or OSError
        # (a missing library).
        return Result(name, 'fail', first_line(error), cure)
    version = getattr(importlib.import_module(name), '__version__', '')
    return Result(name, 'ok', f'{version} imports'.strip())
