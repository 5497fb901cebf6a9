# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import errno
from pathlib import Path
from typing import Dict

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor

from .layouts import StateDict


def write_weights(path: Path, state_dict: StateDict,
                  provenance: Dict[str, str], kept: dict) -> None:
    """Write one weights file.

    Args:
        path: The suffix tells how: .safetensors, else by torch.save.
        state_dict: Name to tensor.
        provenance: Where the weights come from.
        kept: Further metadata; .safetensors has room for text alone.

    Raises:
        OSError: If the disk refuses, for example because it is full.
    """
    try:
        if path.suffix == '.safetensors':
            tensors = {key: tensor.contiguous()
                       for key, tensor in state_dict.items()}
            texts = {key: value for key, value in kept.items()
                     if isinstance(value, str)}
            save_file(tensors, path,
                      metadata={'format': 'pt', **provenance, **texts})
        else:
            tensors = {key: compact(tensor)
                       for key, tensor in state_dict.items()}
            meta = dict(kept, vitpose_mm=provenance)
            torch.save(dict(meta=meta, state_dict=tensors), path)
    except (RuntimeError, SafetensorError) as error:
        # How both report a disk that is full.
        raise OSError(errno.EIO, str(error), str(path)) from error


def compact(tensor: Tensor) -> Tensor:
    """Copy a slice of a larger tensor: torch.save would write all of it."""
    is_slice = tensor.untyped_storage().nbytes() > tensor.nbytes
    return tensor.clone() if is_slice else tensor
