# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Small files that would fill the memory.

Weights hardly compress, and what a file says of a tensor takes less room than
the tensor, so what a checkpoint needs in memory is bounded by its size.
"""
import pickletools
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, Iterator
from zipfile import ZipFile, is_zipfile

import numpy as np
from torch import Tensor

# Bytes in memory by bytes on disk; zeros may well be compressed.
FACTOR, SLACK = 100, 1 << 24
NESTED = 64
# Pickles of torch's older format: number, version, system, content, names.
PICKLES = 5
# Codecs that make bytes of bytes, so that a few names of them in a row, each
# of what the last has made, fill any memory.
CODECS = {'hex', 'hex_codec', 'base64', 'base_64', 'base64_codec', 'bz2',
          'bz2_codec', 'zip', 'zlib', 'zlib_codec', 'uu', 'uu_codec',
          'quopri', 'quopri_codec', 'quoted_printable', 'quotedprintable'}


class BoundError(ValueError):
    """A file would take more memory than one of its size has to."""


def check_archive(path: Path) -> None:
    """Refuse a file that would become much larger, before it does.

    Raises:
        BoundError: If so.
    """
    if not is_zipfile(path):
        with path.open('rb') as file:
            for _ in range(PICKLES):
                check_pickle(file)
        return
    with ZipFile(path) as archive:
        check_unpacked(archive, path.stat().st_size)
        for info in archive.infolist():
            if info.filename.endswith('data.pkl'):
                with archive.open(info) as file:
                    check_pickle(file)


def check_unpacked(archive: ZipFile, size: int) -> None:
    """Refuse an archive that would unpack to much more than its size.

    Raises:
        BoundError: If so.
    """
    total = sum(info.file_size for info in archive.infolist())
    if total > FACTOR * size + SLACK:
        raise BoundError(f'it would unpack to {total:,} bytes')


def check_pickle(file: BinaryIO) -> None:
    """Refuse a pickle that asks for such codecs, or for empty bytes.

    Raises:
        BoundError: If so.
    """
    names = []
    try:
        for opcode, argument, _ in pickletools.genops(file):
            if isinstance(argument, str) and len(argument) < 40:
                names.append(argument)
    except ValueError:
        return  # who reads it says so better
    if any('encode' in name for name in names):
        for name in names:
            if name.lower().replace('-', '_').replace(' ', '_') in CODECS:
                raise BoundError(f"it asks for the codec '{name}'")
    if any('bytearray' in name for name in names):
        raise BoundError('it asks for a bytearray')


def check_content(content: Any, size: int) -> None:
    """Refuse tensors that say to be much larger than their file, and what is
    nested so deep that nobody meant it.

    Args:
        content: What a file holds.
        size: Of the file in bytes.

    Raises:
        BoundError: If so.
    """
    limit = FACTOR * size + SLACK
    level, seen = [content], set()
    for _ in range(NESTED):
        for value in level:
            if isinstance(value, (Tensor, np.ndarray)):
                check_size(value, limit)
        level = [part for part in chain.from_iterable(map(parts, level))
                 if id(part) not in seen and not seen.add(id(part))]
        if not level:
            return
    raise BoundError(f'it is nested more than {NESTED} deep')


def check_size(value: Any, limit: int) -> None:
    number = value.numel() if isinstance(value, Tensor) else value.size
    width = value.element_size() if isinstance(value, Tensor) else \
        value.itemsize
    if number * width > limit:
        raise BoundError(
            f'it names a tensor of shape {tuple(value.shape)}, which takes '
            f'{number * width:,} bytes')


def parts(value: Any) -> Iterator[Any]:
    """What a container holds; nothing of other values."""
    if isinstance(value, dict):
        return iter(value.values())
    if isinstance(value, (list, tuple)):
        return iter(value)
    return iter(())
