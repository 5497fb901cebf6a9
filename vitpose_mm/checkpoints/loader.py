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
from mmengine.logging import print_log
from mmengine.runner import CheckpointLoader

from .address import HTTP, HUB, Address, is_address, parse_address
from .checkpoint_file import CheckpointFile, hand_over
from .dense import fold_dataset
from .hub import download_from_hub, find_on_disk, parse_place
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


@CheckpointLoader.register_scheme(prefixes=HTTP, force=True)
def load_from_http(filename: str, map_location: Any = None) -> dict:
    """Download a file once to PyTorch's cache, then load it as a local one.

    Of the processes that share a disk, on one node or several, one downloads
    and the others wait. A hash in the name, as in PyTorch's vit-1a2b3c4d.pth
    and OpenMMLab's vit-1a2b3c4d_20230314.pth, is checked, and so is
    ``#sha256=<64 hexadecimal digits>`` after the address.

    Args:
        filename: Address; ``#dataset=NAME`` after it takes one dataset out of
            a joint ViTPose+ file.
        map_location: Where tensors go, as in torch.load.

    Raises:
        CheckpointError: If it cannot be downloaded; see also read_checkpoint.
    """
    return load_downloaded(filename, map_location)


@CheckpointLoader.register_scheme(prefixes=HUB, force=True)
def load_from_hub(filename: str, map_location: Any = None) -> dict:
    """Load ``hf://OWNER/NAME[@REVISION][/FILE]`` of the Hugging Face hub.

    Args:
        filename: Address; without a file it is what transformers wrote, in
            one part or several. What stands after ``#`` is as for
            load_from_http.
        map_location: Where tensors go, as in torch.load.

    Raises:
        CheckpointError: If it cannot be downloaded; see also read_checkpoint.
    """
    return load_downloaded(filename, map_location)


def load_downloaded(filename: str, map_location: Any) -> dict:
    """Load what an address names, or one dataset of it."""
    path, dataset = download(filename), parse_address(filename).dataset
    checkpoint = read_checkpoint(path, map_location)
    if dataset:
        checkpoint = take_dataset(checkpoint, path, dataset)
    return hand_over(checkpoint, path)


def take_dataset(checkpoint: Any, path: Path, dataset: str) -> dict:
    """Make a plain ViTPose of a joint file for one of its datasets.

    Raises:
        CheckpointError: If the file is not joint or lacks the dataset.
    """
    file = CheckpointFile.of(checkpoint, path)
    state_dict, report = file.to_ours()
    dense = fold_dataset(state_dict, dataset, report)
    print_log(report.table(), 'current')
    told = {} if file.grid is None else dict(
        vitpose_mm=dict(grid='{}x{}'.format(*file.grid)))
    return dict(meta=told, state_dict=dense)


def local_file(filename: str) -> Path:
    """Where a checkpoint is on disk: an address's copy in a cache.

    Many addresses end in the same file name, so a copy in PyTorch's cache has
    a name with a digest of the whole address.
    """
    if not is_address(filename):
        return weights_file(filename)
    address = parse_address(filename)
    if address.url.startswith(HUB):
        place = parse_place(address.url)
        return find_on_disk(place) or Path(place.files[0])
    whole = address.url + (
        f'#sha256={address.sha256}' if address.sha256 else '')
    digest = hashlib.sha256(whole.encode()).hexdigest()[:16]
    folder = Path(torch.hub.get_dir()) / 'checkpoints'
    return folder / f'{digest}-{Path(urlparse(address.url).path).name}'


def download(filename: str) -> Path:
    """Bring a checkpoint to this disk, if it is not there.

    Args:
        filename: Path or address.

    Raises:
        CheckpointError: If it cannot be downloaded.
    """
    if not is_address(filename):
        return weights_file(filename)
    address = parse_address(filename)
    if address.url.startswith(HUB):
        return download_from_hub(parse_place(address.url), address.sha256)
    path = local_file(filename)
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(f'{path}.lock'):
                if not path.exists():
                    download_from_http(address, path)
    except (URLError, OSError, RuntimeError, ValueError) as error:
        raise CheckpointError(
            f'{filename} could not be downloaded ({error}); download it by '
            f'other means and save it as {path}') from error
    return path


def download_from_http(address: Address, path: Path) -> None:
    """Download a file and check its hash, if one is stated.

    Raises:
        URLError, OSError: If it cannot be downloaded.
        RuntimeError: If the hash differs; nothing is left then.
    """
    # With a letter: eight digits alone are a date.
    named = re.search(r'-(?=\d*[a-f])([0-9a-f]{8,64})(?:_\d{8})?\.\w+$',
                      Path(urlparse(address.url).path).name)
    stated = address.sha256 or (named and named[1])
    check = dict(hash_prefix=stated) if stated else {}
    torch.hub.download_url_to_file(
        address.url, str(path), progress=os.isatty(0), **check)
