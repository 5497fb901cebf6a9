# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import json
import os
from pathlib import Path
from typing import Any, Dict


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
        content = json.loads(path.read_text(encoding='utf-8'))
    except OSError as error:
        raise AnnotationError(f'cannot read {path}: {error.strerror}')
    except ValueError as error:
        raise AnnotationError(f'{path} is not valid JSON ({error}); it may '
                              'be incomplete, so fetch or unpack it again')
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
        AnnotationError: If the disk refuses.
    """
    partial = {path: path.with_name(f'.{os.getpid()}.{path.name}')
               for path in files}
    try:
        for path, content in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            partial[path].write_text(
                json.dumps(content, ensure_ascii=False), encoding='utf-8')
        for path in files:
            os.replace(partial[path], path)
    except OSError as error:
        raise AnnotationError(
            f'cannot write {error.filename or path}: {error.strerror}')
    finally:
        for path in partial.values():
            if path.exists():
                path.unlink()
