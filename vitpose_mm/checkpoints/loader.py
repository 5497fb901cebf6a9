# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import hashlib
import os
import re
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlparse

import torch
from filelock import FileLock
from mmengine.runner import CheckpointLoader

from .checkpoint_file import hand_over
from .read import CheckpointError, read_checkpoint, weights_file

# MMEngine logs the function's name from its eleventh letter on as the name of
# the backend, so the names below are part of what users read.


@CheckpointLoader.register_scheme(prefixes='', force=True)
def load_from_local(filename: str, map_location: Any = None) -> dict:
    """Load a file for init_cfg, load_from, resume, mim test and inferencers.

    Replaces MMEngine's loader of local files, which torch >= 2.6 stops from
    reading MMEngine's own checkpoints and which older torch lets run code.

    Args:
        filename: Path, may begin with ~.
        map_location: Where tensors go, as in torch.load.

    Raises:
        CheckpointError: See read_checkpoint.
    """
    return hand_over(read_checkpoint(filename, map_location), filename)


def local_file(filename: str) -> Path:
    """Where a checkpoint is on disk: an address's copy in PyTorch's cache.

    Many addresses end in the same file name, so the copy's name holds a digest
    of the whole address.
    """
    if not is_address(filename):
        return weights_file(filename)
    address = hashlib.sha256(filename.encode()).hexdigest()[:16]
    folder = Path(torch.hub.get_dir()) / 'checkpoints'
    return folder / f'{address}-{Path(urlparse(filename).path).name}'


def is_address(filename: str) -> bool:
    """Whether a checkpoint is to be downloaded."""
    return filename.startswith(('http://', 'https://'))


@CheckpointLoader.register_scheme(
    prefixes=('http://', 'https://'), force=True)
def load_from_http(filename: str, map_location: Any = None) -> dict:
    """Download a file once to PyTorch's cache, then load it as a local one.

    Of the processes that share a disk, on one node or several, one downloads
    and the others wait. A hash in the name, as in PyTorch's vit-1a2b3c4d.pth
    and OpenMMLab's vit-1a2b3c4d_20230314.pth, is checked, and so is
    ``#sha256=<64 hexadecimal digits>`` after the address.

    Args:
        filename: Address.
        map_location: Where tensors go, as in torch.load.

    Raises:
        CheckpointError: If it cannot be downloaded; see also read_checkpoint.
    """
    path = local_file(filename)
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(f'{path}.lock'):
                if not path.exists():
                    download(filename, path)
    except (URLError, OSError, RuntimeError, ValueError) as error:
        raise CheckpointError(
            f'{filename} could not be downloaded ({error}); download it by '
            f'other means and save it as {path}') from error
    return hand_over(read_checkpoint(path, map_location), path)


def download(address: str, path: Path) -> None:
    """Download a file and check its hash, if one is stated.

    Raises:
        URLError, OSError: If it cannot be downloaded.
        RuntimeError: If the hash differs; nothing is left then.
    """
    url, _, fragment = address.partition('#')
    # With a letter: eight digits alone are a date.
    stated = re.match(r'sha256=([0-9a-f]{64})$', fragment) or re.search(
        r'-(?=\d*[a-f])([0-9a-f]{8,64})(?:_\d{8})?\.\w+$',
        Path(urlparse(url).path).name)
    check = dict(hash_prefix=stated[1]) if stated else {}
    torch.hub.download_url_to_file(
        url, str(path), progress=os.isatty(0), **check)
