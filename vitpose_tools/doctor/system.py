# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import importlib
import os
import platform
import sys
from pathlib import Path

from .result import Result


def check_python() -> Result:
    """Python 3.10 to 3.13 was tried, see docs/install.md."""
    found = platform.python_version()
    cure = 'Make an environment with Python 3.10, 3.11, 3.12 or 3.13.'
    if sys.version_info[:2] < (3, 10):
        return Result('python', 'fail', found, cure)
    if sys.version_info[:2] > (3, 13):
        return Result('python', 'warn', f'{found} was not tested', cure)
    return Result('python', 'ok', found)


def check_setuptools() -> Result:
    """MMEngine and openmim need what only a setuptools < 82 still has.

    pkg_resources finds `mmpose::` base configs; distutils, which Python 3.12
    dropped, is imported when training starts.
    """
    for module in ('pkg_resources', 'distutils.errors'):
        try:
            importlib.import_module(module)
        except Exception as error:
            # Old ones import but do not run on Python 3.12: AttributeError.
            return Result(
                'setuptools', 'fail',
                f'{module}, which MMEngine and mim need, fails: {error}',
                "pip install --force-reinstall 'setuptools>=68,<82'")
    return Result('setuptools', 'ok', 'has pkg_resources and distutils')


def check_data_folder() -> Result:
    """MMEngine pastes $VITPOSE_DATA into the Python text of a config, by a
    regular expression, which takes a backslash for its own."""
    value = os.environ.get('VITPOSE_DATA')
    if value is None:
        return Result('VITPOSE_DATA', 'ok', 'not set: configs read data/')
    problem = ''
    if not value.strip():
        problem = 'is empty'
    elif set(value) & set('\\\n') or value.endswith('"') or '"""' in value:
        problem = 'holds a backslash or a line break, or ends in a quote'
    elif not Path(value).is_dir():
        problem = 'is not a folder'
    if problem:
        return Result('VITPOSE_DATA', 'fail', f'{value!r} {problem}',
                      'export VITPOSE_DATA=/path/to/data, or unset it')
    return Result('VITPOSE_DATA', 'ok', str(Path(value).resolve()))
