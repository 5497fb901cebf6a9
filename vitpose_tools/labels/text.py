# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Read text, JSON and YAML that others wrote; none of it executes anything."""
import json
from pathlib import Path
from typing import Any

import yaml

from .records import LabelsError


def read_text(path: Path) -> str:
    """Text of a file in UTF-8, with or without a byte order mark.

    Raises:
        LabelsError: If it cannot be read.
    """
    try:
        return path.read_text(encoding='utf-8-sig')
    except OSError as error:
        raise LabelsError(f'cannot read {path}: {error.strerror}')
    except UnicodeDecodeError:
        raise LabelsError(f'{path} is not text in UTF-8; save it as UTF-8')


def read_json(path: Path) -> Any:
    """Content of a JSON file.

    Raises:
        LabelsError: If it is none.
    """
    try:
        return json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        if isinstance(error, LabelsError):
            raise
        raise LabelsError(f'{path} is not valid JSON ({error}); it may be '
                          'incomplete, so export it again')


def read_yaml(path: Path) -> dict:
    """Mapping in a YAML file.

    Raises:
        LabelsError: If it is none.
    """
    try:
        content = yaml.safe_load(read_text(path))
    except (yaml.YAMLError, RecursionError) as error:
        line = getattr(error, 'problem_mark', None)
        where = f' at line {line.line + 1}' if line else ''
        raise LabelsError(f'{path} is not valid YAML{where}')
    if not isinstance(content, dict):
        raise LabelsError(f'{path} holds no YAML mapping')
    return content
