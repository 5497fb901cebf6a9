# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import os
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlparse

import torch
from mmengine.dist import barrier, get_rank
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
    """Where a checkpoint is on disk: an address's copy in PyTorch's cache."""
    if not filename.startswith(('http://', 'https://')):
        return weights_file(filename)
    folder = Path(torch.hub.get_dir()) / 'checkpoints'
    return folder / Path(urlparse(filename).path).name


@CheckpointLoader.register_scheme(
    prefixes=('http://', 'https://'), force=True)
def load_from_http(filename: str, map_location: Any = None) -> dict:
    """Download a file once to PyTorch's cache, then load it as a local one.

    Args:
        filename: Address.
        map_location: Where tensors go, as in torch.load.

    Raises:
        CheckpointError: If it cannot be downloaded; see also read_checkpoint.
    """
    path = local_file(filename)
    if get_rank() == 0 and not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            torch.hub.download_url_to_file(
                filename, str(path), progress=os.isatty(0))
        except (URLError, OSError) as error:
            raise CheckpointError(
                f'{filename} could not be downloaded ({error}); download it '
                f'by other means and save it as {path}') from error
    barrier()
    return hand_over(read_checkpoint(path, map_location), path)
