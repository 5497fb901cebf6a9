# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import re
from typing import Any, Dict, Optional, Set, Tuple

import numpy as np
import torch
from torch import Tensor

from vitpose_mm.ranges import is_size
from .names import StateDict

# Where training codes keep the weights; of two, the first is taken. MMEngine
# and most others, timm, MMEngine's averages, MAE and DeiT, timm again,
# DeepSpeed, DINO.
CONTAINERS = ('state_dict', 'state_dict_ema', 'ema_state_dict', 'model',
              'model_ema', 'ema', 'module', 'teacher', 'student')
# What wrappers put before the names of the model in them: data parallel,
# Lightning, torch.compile, averages.
WRAPPERS = ('module.', 'model.', '_orig_mod.', 'ema_model.')
# What wrappers of parts put into names: torch.compile, FSDP, recomputation.
INNER = ('_orig_mod.', '_fsdp_wrapped_module.', '_checkpoint_wrapped_module.')
# As `convert` writes one: 16x12.
GRID = re.compile(r'[1-9]\d*x[1-9]\d*$')
# Parts of names that every ViT has.
VIT_SIGNS = ('patch_embed', 'patch_embeddings')
# First parts of names that are a model's own, the last of one that learns
# from another.
OWN = {'backbone', 'patch_embed', 'embeddings', 'student'}


def unwrap(checkpoint: Any) -> StateDict:
    """Find the tensors in what a file holds.

    Args:
        checkpoint: A state dict, or a dict with one in it; see CONTAINERS.

    Returns:
        Name to tensor, without the names of wrappers; empty if there are
        none.
    """
    tensors = {plain_name(key): as_tensor(value)
               for key, value in inner_dict(checkpoint).items()
               if isinstance(key, str) and is_tensor(value)}
    wrapper = find_wrapper(tensors)
    while wrapper:
        tensors = {key[len(wrapper):]: value for key, value in tensors.items()
                   if key.startswith(wrapper)}
        wrapper = find_wrapper(tensors)
    return tensors


def plain_name(key: str) -> str:
    """A name without those of wrappers in it."""
    for inner in INNER:
        key = key.replace(inner, '')
    return key


def is_tensor(value: Any) -> bool:
    """Whether a value is a tensor, or numbers as an array."""
    return isinstance(value, Tensor) or (
        isinstance(value, np.ndarray) and value.dtype.kind in 'biuf')


def as_tensor(value: Any) -> Any:
    """Numbers as a tensor; whatever else is left as it is."""
    is_array = isinstance(value, np.ndarray) and is_tensor(value)
    return torch.from_numpy(value) if is_array else value


def is_wrapped(checkpoint: Any) -> bool:
    """Whether the tensors are not where, or not named as, MMEngine looks for
    them: under 'state_dict' or bare, with ``module.`` or without."""
    if not isinstance(checkpoint, dict):
        return False
    found = checkpoint.get('state_dict', checkpoint)
    names = {re.sub(r'^module\.', '', key)
             for key in (found if isinstance(found, dict) else {})
             if isinstance(key, str)}
    return not names.issuperset(unwrap(checkpoint))


def inner_dict(checkpoint: Any, seen: Optional[Set[int]] = None) -> dict:
    """The dict in a checkpoint that has the tensors, {} if there is none.

    Args:
        checkpoint: What a file holds, or a part of it.
        seen: Ids of the parts that were looked at; a file may hold a part
            many times, or in itself.
    """
    seen = set() if seen is None else seen
    if not isinstance(checkpoint, dict) or id(checkpoint) in seen:
        return {}
    seen.add(id(checkpoint))
    for key in CONTAINERS:
        inner = checkpoint.get(key)
        if isinstance(inner, dict) and any(
                isinstance(value, (Tensor, dict)) for value in inner.values()):
            return inner_dict(inner, seen)
    if not any(map(is_tensor, checkpoint.values())):
        # Under a name of somebody's own; an optimiser numbers its tensors.
        for inner in checkpoint.values():
            found = inner_dict(inner, seen)
            if any(isinstance(key, str) and sign in key for key in found
                   for sign in VIT_SIGNS):
                return found
    return checkpoint


def find_wrapper(tensors: StateDict) -> Optional[str]:
    """The wrapper that all names have, or all of the ViT's; None if none.
    What all have is one, whatever it is called."""
    first = {key.split('.')[0] for key in tensors}
    if len(first) == 1 and first.isdisjoint(OWN) and any(
            sign in key for key in tensors for sign in VIT_SIGNS):
        return f'{first.pop()}.'
    for wrapper in WRAPPERS:
        outside = [key for key in tensors if not key.startswith(wrapper)]
        is_vit = any(sign in key for key in tensors for sign in VIT_SIGNS)
        if len(outside) < len(tensors) and (not outside or (
                is_vit and not any(sign in key for key in outside
                                   for sign in VIT_SIGNS))):
            return wrapper
    return None


def meta_of(checkpoint: Any) -> dict:
    """What a file says about itself, {} if nothing."""
    meta = checkpoint.get('meta') if isinstance(checkpoint, dict) else None
    return meta if isinstance(meta, dict) else {}


def stored_grid(checkpoint: Any) -> Optional[Tuple[int, int]]:
    """(rows, cols) that our ViT wrote beside its tensors, or `convert` into
    its file; None if none did, or several of different grids."""
    meta = meta_of(checkpoint)
    told = meta.get('vitpose_mm', meta)
    if isinstance(told, dict) and GRID.match(str(told.get('grid'))):
        rows, cols = str(told['grid']).split('x')
        return int(rows), int(cols)
    grids = {tuple(entry['grid'])
             for entry in metadata_of(inner_dict(checkpoint)).values()
             if is_size(entry.get('grid'))}
    return grids.pop() if len(grids) == 1 else None


def metadata_of(state_dict: dict) -> Dict[str, dict]:
    """What PyTorch keeps beside a state dict, by module name; whatever else a
    file has there is left out."""
    metadata = getattr(state_dict, '_metadata', None)
    if not isinstance(metadata, dict):
        return {}
    return {name: entry for name, entry in metadata.items()
            if isinstance(name, str) and isinstance(entry, dict)}
