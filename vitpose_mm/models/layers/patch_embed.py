# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Optional, Tuple

from torch import Tensor, nn


class PatchEmbed(nn.Module):
    """Overlapping patches of an image as tokens: one convolution.

    Args:
        embed_dim: Channels of a token.
        patch_size: Side of a square patch in pixels.
        stride: Distance between two patches in pixels; by default
            patch_size. The image is padded with zeros such that it gives a
            patch for each stride: by half of what patches overlap. Without
            overlap the padding is 2, ViTPose's choice; a 256x192 image still
            gives 16x12 patches, with their windows shifted by two pixels to
            the upper left.

    Raises:
        ValueError: If the stride is no number of pixels up to patch_size.
    """

    def __init__(self,
                 embed_dim: int,
                 patch_size: int = 16,
                 stride: Optional[int] = None) -> None:
        super().__init__()
        stride = patch_size if stride is None else stride
        if type(stride) is not int or not 0 < stride <= patch_size:
            raise ValueError(f'patch_stride={stride!r} must be a number of '
                             f'pixels from 1 to patch_size, {patch_size}')
        padding = (patch_size - stride) // 2 or 2
        self.proj = nn.Conv2d(
            3, embed_dim, patch_size, stride=stride, padding=padding)

    def grid_size(self, img_size: Tuple[int, int]) -> Tuple[int, int]:
        """Rows and columns of patches.

        Args:
            img_size: (h, w) in pixels.

        Returns:
            (rows, columns) of the token grid.

        Raises:
            ValueError: If the image is smaller than a patch.
        """
        patch_size, stride, padding = (
            numbers[0] for numbers in (self.proj.kernel_size,
                                       self.proj.stride, self.proj.padding))
        if min(img_size) < patch_size:
            raise ValueError(
                f'an image of {img_size[0]}x{img_size[1]} pixels (h x w) is '
                f'smaller than one patch of {patch_size}x{patch_size}; feed '
                'larger crops or choose a smaller patch_size')
        rows, cols = ((side + 2 * padding - patch_size) // stride + 1
                      for side in img_size)
        return rows, cols

    def forward(self, x: Tensor) -> Tuple[Tensor, Tuple[int, int]]:
        """Cut an image into tokens.

        Args:
            x: Normalised images, shape (B, 3, H, W), pixels of the crop.

        Returns:
            Tokens in row-major order, shape (B, rows * cols, embed_dim), and
            (rows, cols).
        """
        grid = self.grid_size((x.shape[2], x.shape[3]))
        return self.proj(x).flatten(2).transpose(1, 2), grid
