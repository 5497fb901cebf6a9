# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Tuple

import torch.nn.functional as F
from torch import Tensor


def resize_pos_embed(pos_embed: Tensor, grid: Tuple[int, int],
                     new_grid: Tuple[int, int]) -> Tensor:
    """Resample a position embedding for another number of patches.

    Bicubic, corners not aligned, as MAE, DeiT and the official ViTPose do.

    Args:
        pos_embed: Shape (1, rows * cols, C).
        grid: Its (rows, cols).
        new_grid: The wanted (rows, cols).

    Returns:
        Shape (1, new rows * new cols, C); the input itself if the grids are
        equal.
    """
    if grid == new_grid:
        return pos_embed
    maps = pos_embed.float().reshape(1, *grid, -1).permute(0, 3, 1, 2)
    maps = F.interpolate(
        maps, size=new_grid, mode='bicubic', align_corners=False)
    return maps.flatten(2).transpose(1, 2).to(pos_embed.dtype)
