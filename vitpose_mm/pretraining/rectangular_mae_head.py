# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Tuple

from mmpretrain.models import MAEPretrainHead
from mmpretrain.registry import MODELS
from torch import Tensor

from .patches import patch_grid


@MODELS.register_module()
class RectangularMAEHead(MAEPretrainHead):
    """MAE's loss for images of any shape: the squared error of the hidden
    patches' pixels.

    Args:
        loss: Config of the loss.
        norm_pix: Whether each target patch is brought to mean 0 and variance
            1 before.
        img_size: (h, w) in pixels, multiples of the patch.
        patch_size: Side of a patch in pixels.

    Raises:
        ValueError: If img_size is no multiple of the patch.
    """

    def __init__(self,
                 loss: dict,
                 norm_pix: bool = True,
                 img_size: Tuple[int, int] = (256, 192),
                 patch_size: int = 16) -> None:
        super().__init__(loss, norm_pix, patch_size)
        self.img_size = tuple(img_size)
        self.grid = patch_grid(img_size, patch_size)

    def patchify(self, imgs: Tensor) -> Tensor:
        """Cut images into patches.

        Args:
            imgs: Shape (B, 3, H, W).

        Returns:
            Shape (B, rows * cols, patch_size * patch_size * 3): patches in
            row-major order, each with its pixels in row-major order, each
            pixel with its colours.

        Raises:
            ValueError: If (H, W) is not img_size.
        """
        if tuple(imgs.shape[2:]) != self.img_size:
            raise ValueError(
                f'images of {tuple(imgs.shape[2:])} pixels (h, w) reach a '
                f'{type(self).__name__} of img_size={self.img_size}; the '
                "pipeline's crops and the img_size of backbone, neck and "
                'head must agree')
        rows, cols = self.grid
        size = self.patch_size
        x = imgs.unflatten(3, (cols, size)).unflatten(2, (rows, size))
        # (B, 3, rows, y, cols, x) to (B, rows, cols, y, x, 3)
        return x.permute(0, 2, 4, 3, 5, 1).flatten(3).flatten(1, 2)

    def unpatchify(self, x: Tensor) -> Tensor:
        """Put patches together again: the inverse of patchify.

        Args:
            x: Shape (B, rows * cols, patch_size * patch_size * 3).

        Returns:
            Shape (B, 3, H, W).
        """
        size = self.patch_size
        x = x.unflatten(2, (size, size, -1)).unflatten(1, self.grid)
        # (B, rows, cols, y, x, 3) to (B, 3, rows, y, cols, x)
        return x.permute(0, 5, 1, 3, 2, 4).flatten(4).flatten(2, 3)
