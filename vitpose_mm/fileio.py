# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Files appear whole or not at all, and say what they are instead of
themselves."""
import errno
import json
import os
import re
import shutil
from pathlib import Path
from typing import Any, Callable, Dict, Optional, Union

# What stands in a folder when Git has not fetched the file itself, and what a
# download that needs a log-in writes.
LFS_POINTER = b'version https://git-lfs.github.com/spec/'
WEB_PAGES = b'<!doctype', b'<html', b'<?xml'


def why_unreadable(path: Union[str, Path]) -> Optional[str]:
    """Tell what a file is that stands in for another, and the cure.

    Every reader asks here when it fails, or before, so that the same file gets
    the same sentence whatever it was to hold.

    Returns:
        None if it is no file on this machine, or has content of its own.
    """
    if not os.path.isfile(path):
        return None
    try:
        with open(path, 'rb') as file:
            head = file.read(512)
    except OSError as error:
        return f'{error.strerror}; see to its permissions and its disk'
    if not head:
        return 'it is empty; download or copy it again'
    if head.startswith(LFS_POINTER):
        return ('it is a Git LFS pointer, not the file itself; run "git lfs '
                'pull" where it came from')
    if head.lstrip().lower().startswith(WEB_PAGES):
        return ('it is a web page; the download needs a log-in or another '
                'address')
    return None


def read_json(path: Union[str, Path]) -> Any:
    """Read a JSON file.

    Raises:
        ValueError: If it is none; names it and says what it is.
        OSError: If it cannot be opened.
    """
    try:
        return json.loads(Path(path).read_bytes())
    except (ValueError, RecursionError) as error:
        reason = why_unreadable(path) or (
            f'it is not valid JSON ({error}) and may be incomplete; download '
            'or copy it again')
        raise ValueError(f'{path} was not read: {reason}') from error


def write_beside(target: Path, write: Callable[[Path], object]) -> None:
    """Write a file or folder under another name, then rename it, so that
    ``target`` is never half-written.

    Args:
        target: What is to appear; its folder is made.
        write: Gets the other path, which has the suffix of ``target``, and
            writes there.

    Raises:
        OSError: If the disk refuses; it names ``target``.
    """
    write_all_beside({target: write})


def write_all_beside(writes: Dict[Path, Callable[[Path], object]]) -> None:
    """As write_beside, for several files or folders: all of them or none.

    Args:
        writes: Target to what writes it.

    Raises:
        OSError: If the disk refuses; it names the target that failed.
    """
    partial = {target: target.with_name(f'.{os.getpid()}.{target.name}')
               for target in writes}
    try:
        for target, write in writes.items():
            target.parent.mkdir(parents=True, exist_ok=True)
            write(partial[target])
            flush(partial[target])
        for target in writes:
            check_replaceable(target, partial[target])
        for target in writes:
            os.replace(partial[target], target)
    except OSError as error:
        raise OSError(
            error.errno or errno.EIO,
            f'not written: {error.strerror or error}',
            str(target)) from error
    finally:
        for path in partial.values():
            remove(path)


def flush(path: Path) -> None:
    """Bring a file, or all of a folder, to the disk."""
    for part in [path, *path.rglob('*')] if path.is_dir() else [path]:
        if part.is_file():
            with open(part, 'rb') as file:
                os.fsync(file.fileno())


def check_replaceable(target: Path, partial: Path) -> None:
    """Refuse now what the rename would refuse after others are renamed.

    Raises:
        OSError: If so.
    """
    if target.is_dir() and not partial.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if target.is_dir() and any(target.iterdir()):
        raise OSError(errno.ENOTEMPTY, os.strerror(errno.ENOTEMPTY))
    if target.exists() and not target.is_dir() and partial.is_dir():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))


def remove(path: Path) -> None:
    """Remove a file or folder, if it is there."""
    if path.is_dir():
        shutil.rmtree(path)
    elif path.exists():
        path.unlink()


def remove_partial(folder: Path, names: str) -> None:
    """Remove what a process that was killed left of write_beside.

    Args:
        folder: Nobody else may be writing there now.
        names: Regular expression of the names of the targets.
    """
    for path in folder.iterdir():
        if re.fullmatch(rf'\.\d+\.({names})', path.name):
            remove(path)
