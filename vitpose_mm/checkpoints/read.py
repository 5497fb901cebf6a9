# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import ctypes
import hashlib
import json
import mmap as memory_map
import pickle
import re
import sys
from pathlib import Path
from tarfile import TarError, is_tarfile
from tarfile import open as open_tar
from typing import Any, Iterable, List, Optional, Union
from zipfile import BadZipFile, ZipFile, is_zipfile

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from ..fileio import why_unreadable
from .bounds import BoundError, check_archive, check_content
from .unpickle import unpickle

# gzip, bzip2, xz, zstd.
COMPRESSED = b'\x1f\x8b', b'BZh', b'\xfd7zXZ', b'\x28\xb5\x2f\xfd'
# From Linux's <linux/mman.h>; Python's mmap module does not name it.
MADV_PAGEOUT = 21
# What transformers calls the weights in a folder, the best first.
INDEX = '.index.json'
FOLDER_FILES = ('model.safetensors', f'model.safetensors{INDEX}',
                'pytorch_model.bin', f'pytorch_model.bin{INDEX}')


class CheckpointError(ValueError):
    """A checkpoint cannot be used; the message says which, why and what to
    do."""


def read_checkpoint(path: Union[str, Path],
                    map_location: Any = None,
                    mmap: bool = False) -> dict:
    """Read a checkpoint from disk without running any code of it.

    Args:
        path: A .safetensors file, anything that torch.save wrote, a folder
            of transformers, or the index of one that is in several parts.
        map_location: Where tensors go, as in torch.load.
        mmap: Leave tensors on disk until they are used, where the file's
            format allows that.

    Returns:
        What the file holds; for .safetensors a dict with 'state_dict' and,
        if the file has metadata, 'meta'.

    Raises:
        CheckpointError: If the file is missing, empty, truncated, no
            checkpoint, or needs code to be run.
    """
    path = weights_file(path)
    check_file(path)
    if path.name.endswith(INDEX):
        return read_parts(path, map_location, mmap)
    if is_safetensors(path):
        return read_safetensors(path, map_location)
    kind = other_archive(path)
    if kind:
        raise CheckpointError(f'{path} was not loaded: it is {kind}')
    try:
        check_archive(path)
        content = unpickle(path, map_location, mmap and is_zipfile(path))
        check_content(content, path.stat().st_size)
        return content
    except BoundError as error:
        raise CheckpointError(
            f'{path} was not loaded: {error}, which no training writes; take '
            'weights from somebody you know, best as .safetensors') from error
    except pickle.UnpicklingError as error:
        name = re.search(r'GLOBAL (\S+)', str(error))
        if name is None:
            raise CheckpointError(
                f'{path} was not loaded: it is no checkpoint of PyTorch, is '
                'damaged, or holds more than weights') from error
        raise CheckpointError(
            f'{path} was not loaded: it is not only weights, it asks for '
            f'{name[1]} while it is read, which is not known to be harmless '
            'and so was not run. If you trust its author, load it on a '
            'machine that you can lose and save its state dict alone, best '
            'as .safetensors') from error
    except Exception as error:  # of whatever kind the damaged bytes lead to
        reason = (str(error).splitlines() or [''])[0].split('. ')[0]
        raise CheckpointError(
            f'{path} was not loaded: it is damaged or incomplete '
            f'({type(error).__name__}: {reason}); download or copy it again'
        ) from error


def weights_file(path: Union[str, Path]) -> Path:
    """Find the file with weights, or with the names of its parts: itself, or
    the one in a folder of transformers."""
    path = Path(path).expanduser()
    if not path.is_dir():
        return path
    found = (path / name for name in FOLDER_FILES)
    return next(filter(Path.is_file, found), path / FOLDER_FILES[0])


def parts_of(path: Path) -> List[Path]:
    """The files that hold the weights: itself, or what an index lists.

    Raises:
        CheckpointError: If an index is none.
    """
    if not path.name.endswith(INDEX):
        return [path]
    try:
        index = json.loads(path.read_text())['weight_map']
        names = sorted(set(index.values()))
        if names and all(Path(name).name == name and not name.endswith(INDEX)
                         for name in names):
            return [path.with_name(name) for name in names]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass
    raise CheckpointError(f'{path} was not loaded: it does not list the parts '
                          'of a checkpoint that are beside it')


def read_parts(path: Path, map_location: Any, mmap: bool) -> dict:
    """Read all parts that an index lists into one checkpoint.

    Raises:
        CheckpointError: If a part is missing or lacks what the index says.
    """
    tensors = {}
    for part in parts_of(path):
        read = read_checkpoint(part, map_location, mmap)
        tensors.update(read.get('state_dict', read))
    lacking = set(json.loads(path.read_text())['weight_map']) - set(tensors)
    if lacking:
        raise CheckpointError(
            f'{path} was not loaded: its parts lack {min(lacking)}; download '
            'or copy them again')
    return dict(state_dict=tensors)


def release(tensor: Tensor) -> None:
    """Hint that a tensor's pages may leave memory.

    The contents stay: pages of a memory-mapped file are read again when they
    are needed. Without the hint, what is copied out of a mapped file counts
    twice. Does nothing where the system has no such hint.

    Args:
        tensor: Contiguous, on any device.
    """
    if tensor.device.type != 'cpu' or sys.platform != 'linux':
        return
    page = memory_map.PAGESIZE
    start = -(-tensor.data_ptr() // page) * page
    length = (tensor.data_ptr() + tensor.nbytes) // page * page - start
    if length > 0:
        ctypes.CDLL(None).madvise(
            ctypes.c_void_p(start), ctypes.c_size_t(length), MADV_PAGEOUT)


def digest(path: Path) -> str:
    """First 16 hexadecimal digits of the SHA-256 of a file or its parts."""
    return sha256_of(parts_of(path))[:16]


def sha256_of(paths: Iterable[Path]) -> str:
    """SHA-256 of files one after the other, 64 hexadecimal digits."""
    total = hashlib.sha256()
    for path in paths:
        with path.open('rb') as file:
            for chunk in iter(lambda: file.read(2**20), b''):
                total.update(chunk)
    return total.hexdigest()


def check_file(path: Path) -> None:
    """Refuse what is no weights file before a parser meets it.

    Raises:
        CheckpointError: If the file is missing or stands in for another.
    """
    if not path.is_file():
        raise CheckpointError(f'{path} was not loaded: there is no such file')
    reason = why_unreadable(path)
    if reason:
        raise CheckpointError(f'{path} was not loaded: {reason}')


def is_safetensors(path: Path) -> bool:
    """Tell by content, where that is clear, else by name: downloads get
    renamed."""
    with path.open('rb') as file:
        head = file.read(9)
    return head[8:] == b'{' or (path.suffix == '.safetensors'
                                and not is_zipfile(path))


def other_archive(path: Path) -> Optional[str]:
    """Say what a sound archive is that torch.save did not write, and the
    cure; None for any other file."""
    with path.open('rb') as file:
        head = file.read(6)
    if head.startswith(COMPRESSED):
        return 'compressed; unpack it and name the file with the weights'
    # First, as a tar that ends in a zip looks like one.
    if is_tarfile(path):
        try:
            with open_tar(path, 'r:') as archive:
                names = archive.getnames()
        except TarError:  # is_tarfile also takes what is compressed
            return None
        if not names:  # zeros
            return None
        if {'storages', 'tensors', 'pickle'} <= set(names):
            return ('in the format of PyTorch before 0.4; load and save it '
                    'with PyTorch')
    elif is_zipfile(path):
        try:
            with ZipFile(path) as archive:
                names = archive.namelist()
        except BadZipFile:
            return None
        if names and all(name.endswith('.npy') for name in names):
            return ('an archive of NumPy arrays (.npz), whose names are not '
                    'known here; take the file for PyTorch')
        if any(name.endswith('/constants.pkl') for name in names):
            return ('a TorchScript program, which is run to be read; save the '
                    'state dict of the model that it was made of')
        if any(name.endswith('data.pkl') for name in names):
            return None
    else:
        return None
    return (f'an archive of {len(names)} files ({", ".join(names[:3])}); '
            'unpack it and name the file with the weights')


def read_safetensors(path: Path, map_location: Any) -> dict:
    device = str(map_location) if isinstance(
        map_location, (str, torch.device)) else 'cpu'
    try:
        with safe_open(path, framework='pt', device=device) as file:
            state_dict = {key: file.get_tensor(key) for key in file.keys()}
            meta = file.metadata()
    # Of an unknown type of numbers, it knows no attribute of torch.
    except (SafetensorError, AttributeError, ValueError) as error:
        raise CheckpointError(
            f'{path} was not loaded: it is no .safetensors file or is '
            f'incomplete ({error}); download or copy it again') from error
    return dict(state_dict=state_dict, **(dict(meta=meta) if meta else {}))
