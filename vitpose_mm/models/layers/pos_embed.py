# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import math
from typing import Tuple

import torch.nn.functional as F
from torch import Tensor


def guess_grid(num_tokens: int) -> Tuple[int, int]:
    """Find the token grid of a position embedding, which stores no shape.

    A square number is a square grid (ImageNet and bottom-up models);
    otherwise the factorisation whose rows / columns come closest to 4 / 3,
    the shape of a person crop.

    Args:
        num_tokens: Patch tokens, without class or register tokens.

    Returns:
        (rows, columns).
    """
    side = math.isqrt(num_tokens)
    if side * side == num_tokens:
        return side, side
    pairs = [(num_tokens // cols, cols) for cols in range(1, num_tokens + 1)
             if num_tokens % cols == 0]
    return min(pairs, key=lambda p: abs(math.log(p[0] / p[1] * 3 / 4)))


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
