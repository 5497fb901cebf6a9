# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import re
from typing import Dict, Tuple

from torch import Tensor

from ..layers import guess_grid, resize_pos_embed
from .archs import arch_name


def fit_checkpoint(state_dict: Dict[str, Tensor], prefix: str,
                   pos_embed: Tensor, grid: Tuple[int, int], depth: int,
                   patch_size: int) -> None:
    """Change a state dict in place so that it fits a ViT.

    Takes the backbone out of a whole model's file, and resamples the position
    embedding to the ViT's grid.

    Args:
        state_dict: Parameter name to tensor, in the official naming.
        prefix: The ViT's name in the model with a dot, '' for the ViT alone.
        pos_embed: The ViT's own, shape (1, rows * cols, embed_dim).
        grid: Its (rows, cols).
        depth: Blocks of the ViT.
        patch_size: Side of its patches in pixels.

    Raises:
        ValueError: If the file holds a ViT of another size. MMEngine would
            only warn and leave random weights behind.
    """
    if not prefix:
        take_backbone(state_dict)
    check_size(state_dict, prefix, pos_embed.shape[2], depth, patch_size)
    key = f'{prefix}pos_embed'
    if key in state_dict and state_dict[key].shape[1] != grid[0] * grid[1]:
        source = guess_grid(state_dict[key].shape[1])
        state_dict[key] = resize_pos_embed(state_dict[key], source, grid)


def take_backbone(state_dict: Dict[str, Tensor]) -> None:
    """Drop all but the backbone of a whole model's state dict, in place, and
    strip its prefix; a backbone's own state dict stays as it is."""
    if not any(key.startswith('backbone.') for key in state_dict):
        return
    for key in list(state_dict):
        tensor = state_dict.pop(key)
        if key.startswith('backbone.'):
            state_dict[key[len('backbone.'):]] = tensor


def check_size(state_dict: Dict[str, Tensor], prefix: str, embed_dim: int,
               depth: int, patch_size: int) -> None:
    """Compare the ViT in a state dict with the wanted size.

    Raises:
        ValueError: If they differ; names both sizes and the cure.
    """
    patches = state_dict.get(f'{prefix}patch_embed.proj.weight')
    blocks = {int(match[1]) for match in (
        re.match(rf'{re.escape(prefix)}blocks\.(\d+)\.', key)
        for key in state_dict) if match}
    if patches is None or not blocks:
        return
    found = (patches.shape[0], max(blocks) + 1, patches.shape[-1])
    wanted = (embed_dim, depth, patch_size)
    if found != wanted:
        raise ValueError(
            f'the checkpoint holds {describe(*found)}, but the model is '
            f'{describe(*wanted)}: load another checkpoint or set the '
            "backbone's arch and patch_size to the checkpoint's")


def describe(embed_dim: int, depth: int, patch_size: int) -> str:
    name = arch_name(embed_dim, depth)
    return (f"a ViT of arch {name!r} " if name else 'a ViT ') + (
        f'(embed_dim {embed_dim}, depth {depth}, patch_size {patch_size})')
