# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""The folder of an import: what it holds, and how it is replaced."""
import json
import os
import re
from pathlib import Path
from typing import Callable, Optional

from vitpose_mm.fileio import remove, remove_partial, write_beside
from .records import LabelsError

NOTE, IMAGES = 'import.json', 'images'


def what_is_in(out: Path) -> Optional[dict]:
    """What an earlier import noted; None if the folder is new or empty.

    Raises:
        LabelsError: If it holds anything but an import.
    """
    if not out.exists() or out.is_dir() and not any(out.iterdir()):
        return None
    try:
        held = json.loads((out / NOTE).read_text(encoding='utf-8'))
        if 'request' in held and 'summary' in held:
            return held
    except (OSError, ValueError, TypeError):
        pass
    raise LabelsError(f'{out} holds something that is not an import; choose '
                      'an empty folder')


def is_whole(out: Path) -> bool:
    """Whether an import still has its files."""
    try:
        note = json.loads((out / NOTE).read_text(encoding='utf-8'))
        contents = [json.loads((out / f'{name}.json').read_text(
            encoding='utf-8')) for name in note['summary']['files']]
    except (OSError, ValueError):
        return False
    return all((out / IMAGES / image['file_name']).exists()
               for content in contents for image in content['images'])


def difference(held: dict, request: dict) -> str:
    """What sets two imports apart, in words."""
    old = held['request']
    changed = [key for key in request if old.get(key) != request[key]]
    texts = [f'{key} {old.get(key)!r}' for key in changed if key != 'labels']
    return ', '.join(texts) or 'its labels or pictures have changed since'


def dump(path: Path, content: dict) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False) + '\n',
                    encoding='utf-8')


def replace_folder(out: Path, write: Callable[[Path], None]) -> None:
    """Write a folder beside, then put it in the place of the old one."""
    old = out.with_name(f'.{os.getpid()}.old.{out.name}')
    if out.parent.exists():
        remove_partial(out.parent, rf'(old\.)?{re.escape(out.name)}')

    def make(part: Path) -> None:
        part.mkdir()
        write(part)
        if out.exists():
            os.replace(out, old)

    try:
        write_beside(out, make)
    except BaseException:
        if old.exists() and not out.exists():
            os.replace(old, out)
        raise
    finally:
        if out.exists():
            remove(old)
