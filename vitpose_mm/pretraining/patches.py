# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Tuple

from mmpretrain.models.utils import build_2d_sincos_position_embedding
from torch import Tensor


def patch_grid(img_size: Tuple[int, int], patch_size: int) -> Tuple[int, int]:
    """Rows and columns of patches that cover an image exactly.

    Args:
        img_size: (h, w) in pixels.
        patch_size: Side of a patch in pixels.

    Raises:
        ValueError: If the sides are no multiples of the patch.
    """
    h, w = img_size
    if h % patch_size or w % patch_size or min(h, w) < 1:
        raise ValueError(f'img_size={tuple(img_size)} must be (h, w), both '
                         f'multiples of patch_size={patch_size}')
    return h // patch_size, w // patch_size


def sincos_pos_embed(grid: Tuple[int, int], embed_dim: int) -> Tensor:
    """Fixed position embedding of MAE's code.

    A model draws it once; from then on its files hold it. MMPretrain's has
    the halves the other way round, which our files did too, at first.

    Args:
        grid: (rows, cols) of the patches.
        embed_dim: Channels, a multiple of 4: the first half tells the column,
            the second the row, each the sines of all frequencies and then the
            cosines.

    Returns:
        Shape (1, 1 + rows * cols, embed_dim): zeros for the class token,
        then the patches in row-major order.
    """
    rows, cols = grid
    # Given (rows, cols), the stock function would count column by column.
    row_first = build_2d_sincos_position_embedding(
        (cols, rows), embed_dim, cls_token=True)
    return row_first.roll(embed_dim // 2, 2)
