# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import os
import shutil
from pathlib import Path
from typing import Callable, Dict

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor

from .layouts import StateDict
from .read import CheckpointError


def write_beside(target: Path, write: Callable[[Path], None]) -> None:
    """Write a file or folder under another name, then rename it, so that
    ``target`` is never half-written.

    Args:
        target: What is to appear.
        write: Gets the other path and writes there.

    Raises:
        CheckpointError: If the disk refuses, for example because it is full.
    """
    partial = target.with_name(f'.{os.getpid()}.{target.name}')
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        write(partial)
        os.replace(partial, target)
    except (OSError, RuntimeError, SafetensorError) as error:
        raise CheckpointError(f'{target} was not written: {error}') from error
    finally:
        if partial.is_dir():
            shutil.rmtree(partial)
        elif partial.exists():
            partial.unlink()


def write_weights(path: Path, state_dict: StateDict,
                  provenance: Dict[str, str], kept: dict) -> None:
    """Write one weights file.

    Args:
        path: The suffix tells how: .safetensors, else by torch.save.
        state_dict: Name to tensor.
        provenance: Where the weights come from.
        kept: Further metadata; .safetensors has room for text alone and goes
            without.
    """
    if path.suffix == '.safetensors':
        tensors = {key: tensor.contiguous()
                   for key, tensor in state_dict.items()}
        save_file(tensors, path, metadata={'format': 'pt', **provenance})
    else:
        tensors = {key: compact(tensor) for key, tensor in state_dict.items()}
        meta = dict(kept, vitpose_mm=provenance)
        torch.save(dict(meta=meta, state_dict=tensors), path)


def compact(tensor: Tensor) -> Tensor:
    """Copy a slice of a larger tensor: torch.save would write all of it."""
    is_slice = tensor.untyped_storage().nbytes() > tensor.nbytes
    return tensor.clone() if is_slice else tensor
