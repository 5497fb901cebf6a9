# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Read text, JSON and YAML that others wrote; none of it executes anything."""
import json
from pathlib import Path
from typing import Any

import yaml

from .records import LabelsError

# Values of a YAML file, which name body parts and videos.
MOST = 10**6


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
    if count(content, MOST) > MOST:
        raise LabelsError(f'{path} repeats its parts by aliases (*) so often '
                          f'that it holds more than {MOST:,} values')
    return content


def count(value: Any, most: int) -> int:
    """Values in nested lists and mappings, those of an alias each time; no
    further than a little above ``most``."""
    found, waiting = 0, [value]
    while waiting and found <= most:
        part = waiting.pop()
        found += 1
        if isinstance(part, dict):
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)
    return found
