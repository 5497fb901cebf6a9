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
        else:
            partial.unlink(missing_ok=True)


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
    tensors = {key: own_storage(tensor) for key, tensor in state_dict.items()}
    if path.suffix == '.safetensors':
        save_file(tensors, path, metadata={'format': 'pt', **provenance})
    else:
        meta = dict(kept, vitpose_mm=provenance)
        torch.save(dict(meta=meta, state_dict=tensors), path)


def own_storage(tensor: Tensor) -> Tensor:
    """Give a contiguous tensor a storage of its own size, without copying.

    torch.save writes whole storages: a slice of a memory-mapped file would
    drag the file along.
    """
    tensor = tensor.contiguous()
    start = tensor.storage_offset() * tensor.element_size()
    storage = tensor.untyped_storage()[start:start + tensor.nbytes]
    return torch.empty(0, dtype=tensor.dtype).set_(storage, 0, tensor.shape)
