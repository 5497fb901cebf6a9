# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Optional, Tuple

import torch
from torch import Tensor, nn

# ViTPose's own, of patches that do not overlap; MAE and timm have none.
PADDING = 2


class PatchEmbed(nn.Module):
    """Square patches of an image as tokens: one convolution.

    An image gives one patch for each whole stride along either axis. Patch i
    starts i * stride - padding pixels from the border, with zeros beyond it.
    The padding centres a patch that overlaps its neighbours on its stride.
    Patches that do not overlap start 2 pixels further up and to the left, as
    in the official code, or as many as still leave each one in the image:
    (patch_size - 1) // 2 for patches of up to 4 pixels.

    Args:
        embed_dim: Channels of a token.
        patch_size: Side of a patch in pixels.
        stride: Distance between two patches in pixels, up to patch_size,
            which is the default.

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
        if stride < patch_size:
            padding = (patch_size - stride + 1) // 2
        else:
            padding = min(PADDING, (patch_size - 1) // 2)
        self.proj = nn.Conv2d(
            3, embed_dim, patch_size, stride=stride, padding=padding)

    def grid_size(self, img_size: Tuple[int, int]) -> Tuple[int, int]:
        """Rows and columns of patches.

        Args:
            img_size: (h, w) in pixels.

        Returns:
            (h // stride, w // stride).

        Raises:
            ValueError: If the image is smaller than a patch.
        """
        patch_size, stride = self.proj.kernel_size[0], self.proj.stride[0]
        if min(img_size) < patch_size:
            raise ValueError(
                f'an image of {img_size[0]}x{img_size[1]} pixels (h x w) is '
                f'smaller than one patch of {patch_size}x{patch_size}; feed '
                'larger crops or choose a smaller patch_size')
        return img_size[0] // stride, img_size[1] // stride

    def forward(self, x: Tensor) -> Tuple[Tensor, Tuple[int, int]]:
        """Cut an image into tokens.

        Args:
            x: Normalised images, shape (B, 3, H, W), pixels of the crop.

        Returns:
            Tokens in row-major order, shape (B, rows * cols, embed_dim), and
            (rows, cols).
        """
        height, width = x.shape[2:]
        if torch.jit.is_tracing():
            # A tracer makes tensors of sizes, and ONNX would round their
            # quotients to 0. The crop's size is no input of the graph.
            height, width = int(height), int(width)
        rows, cols = self.grid_size((height, width))
        # The padding can make room for a patch beyond the last whole stride.
        x = self.proj(x)[:, :, :rows, :cols]
        # As a convolution leaves them, one token's channels lie far apart, and
        # every sum and norm of every block would read them so.
        return x.flatten(2).transpose(1, 2).contiguous(), (rows, cols)
