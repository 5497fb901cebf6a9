# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import json
from functools import partial
from pathlib import Path
from typing import Any, Dict

from vitpose_mm import fileio
from vitpose_mm.fileio import write_all_beside


class AnnotationError(ValueError):
    """An annotation file is not what it should be; the text says why."""


def read_json(path: Path, kind: type) -> Any:
    """Read a JSON file.

    Args:
        path: The file.
        kind: What it must hold, dict or list.

    Raises:
        AnnotationError: If it does not.
    """
    try:
        content = fileio.read_json(path)
    except OSError as error:
        raise AnnotationError(f'cannot read {path}: {error.strerror}')
    except ValueError as error:
        raise AnnotationError(str(error))
    if not isinstance(content, kind):
        raise AnnotationError(
            f'{path} holds a {type(content).__name__}, not a '
            f'{kind.__name__}; is it the published annotation file?')
    return content


def write_json(files: Dict[Path, dict]) -> None:
    """Write JSON files, all of them or none.

    Args:
        files: Path to content; folders are made.

    Raises:
        OSError: If the disk refuses.
    """
    write_all_beside({path: partial(write_text, content)
                      for path, content in files.items()})


def write_text(content: dict, path: Path) -> None:
    """Write one JSON file."""
    path.write_text(
        json.dumps(content, ensure_ascii=False), encoding='utf-8')
