# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import List, Optional, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor

from .attention import Attention
from .block import TokenLayout
from .rel_pos import RelPos
from .windows import Windows, window_partition, window_unpartition


class WindowAttention(Attention):
    """Self-attention of patches within windows (ViTPose, arXiv 2204.12484),
    which are attended to as samples of the batch.

    Where the paper leaves it open:

    - Windows that do not fit the grid are padded at the bottom and on the
      right; nobody sees the padding.
    - A shift is half a window, rounded down, and 0 along an axis that one
      window covers. Patches of opposite borders that meet in a window do not
      see each other, as in Swin.
    - Pooling averages the keys and values, which is the same as projecting
      the mean token, over the patches of a window. All windows see all
      means, always. They are those of the windows without shift.
    - Relative positions, as in ViTDet, are between patches; means and
      extra tokens get no bias.
    - Extra tokens after the patches are seen in all windows, and see all
      patches and each other.

    Args:
        embed_dim, num_heads, qkv_bias: As of ``Attention``.
        grid: (rows, columns) of patches in training, for which masks and
            tables are made; other grids work too.
        window_size: (h, w) in patches. None is one window over any grid.
        shift: Whether to shift the windows.
        pooling: Whether the mean of each window joins the keys and values.
        rel_pos: Whether scores have a relative position bias.
    """

    def __init__(self,
                 embed_dim: int,
                 num_heads: int,
                 qkv_bias: bool,
                 grid: Tuple[int, int],
                 window_size: Optional[Tuple[int, int]] = None,
                 shift: bool = False,
                 pooling: bool = False,
                 rel_pos: bool = False) -> None:
        super().__init__(embed_dim, num_heads, qkv_bias)
        self.window_size = window_size
        self.shift = shift
        self.pooling = pooling
        self.rel_pos = None
        if rel_pos:
            self.rel_pos = RelPos(window_size or grid, embed_dim // num_heads)
        self.windows = self.windows_of(grid)
        # Not persistent: they follow from the arguments.
        self.register_buffer('mask', self.windows.mask(), persistent=False)
        self.register_buffer(
            'areas',
            self.windows.areas() if pooling else None,
            persistent=False)

    def windows_of(self, grid: Tuple[int, int]) -> Windows:
        """Windows of a grid."""
        size = self.window_size or grid
        shift = tuple(
            length // 2 if self.shift and side > length else 0
            for side, length in zip(grid, size))
        return Windows(grid, size, shift)

    def forward(self, x: Tensor, layout: TokenLayout) -> Tensor:
        """Mix tokens.

        Args:
            x: Tokens, shape (B, N, C).
            layout: Their grid; extra tokens follow the patches.

        Returns:
            Tokens, shape (B, N, C).
        """
        windows = self.windows_of(layout.grid)
        num_patches = layout.grid[0] * layout.grid[1]
        # Not slices: their gradient would be filled up with zeros first.
        patches, extra = x.split((num_patches, x.shape[1] - num_patches), 1)
        # (1, ...) and (2, B * windows, heads, h * w, C / heads)
        q, kv = self.project(window_partition(patches, windows)).split((1, 2))
        shared = [self.means(kv, windows)] if self.pooling else []
        if not extra.shape[1]:
            return window_unpartition(
                self.attend(q, kv, shared, windows), windows)
        # (1, ...) and (2, B, heads, N - num_patches, C / heads)
        extra_q, extra_kv = self.project(extra).split((1, 2))
        shared.append(extra_kv)
        return torch.cat([
            window_unpartition(
                self.attend(q, kv, shared, windows), windows),
            self.attend_everywhere(extra_q, extra_kv, kv, windows)
        ], 1)

    def means(self, kv: Tensor, windows: Windows) -> Tensor:
        """Mean keys and values of each window, (2, B, heads, windows,
        C / heads), of those of its patches as ``attend`` takes them."""
        is_known = windows == self.windows
        return windows.means(
            kv, self.areas if is_known else windows.areas(kv.device))

    def attend(self, q: Tensor, kv: Tensor, shared: List[Tensor],
               windows: Windows) -> Tensor:
        """Let patches attend within their windows and to what all share.

        Args:
            q: Queries, shape (1, B * windows, heads, h * w, C / heads).
            kv: Keys and values, shape (2, B * windows, heads, h * w,
                C / heads).
            shared: Keys and values, each of shape (2, B, heads, J,
                C / heads).
            windows: Which windows these are.

        Returns:
            Shape (B * windows, h * w, C).
        """
        q = q.squeeze(0)
        if shared:
            num_windows = windows.counts[0] * windows.counts[1]
            # (2, B, windows, heads, ..., C / heads)
            kv = kv.reshape(2, shared[0].shape[1], num_windows, *kv.shape[2:])
            joined = torch.cat(shared, 3)[:, :, None].expand(
                -1, -1, num_windows, -1, -1, -1)
            kv = torch.cat([kv, joined], 4).flatten(1, 2)
        mask = self.mask if windows == self.windows else windows.mask(
            q.device)
        if mask is not None:
            # Keys after the patches are always seen. Shapes, not lengths, keep
            # the number of images open in an export.
            mask = F.pad(mask.to(q.dtype), (0, kv.shape[3] - mask.shape[2]))
            mask = mask.repeat(q.shape[0] // mask.shape[0], 1, 1)[:, None]
        if self.rel_pos is None:
            x = F.scaled_dot_product_attention(q, *kv, mask)
        else:
            x = self.rel_pos(q, *kv, windows.size, mask)
        return self.merge(x)

    def attend_everywhere(self, q: Tensor, kv: Tensor, patches: Tensor,
                          windows: Windows) -> Tensor:
        """Let extra tokens attend to all patches and to each other.

        Args:
            q: Their queries, shape (1, B, heads, J, C / heads).
            kv: Their keys and values, shape (2, B, heads, J, C / heads).
            patches: Keys and values of the patches, shape (2, B * windows,
                heads, h * w, C / heads).
            windows: Which windows these are.

        Returns:
            Shape (B, J, C).
        """
        # As tokens (2 * B, patches, C) again, in their order.
        patches = window_unpartition(
            patches.transpose(2, 3).flatten(3).flatten(0, 1), windows)
        patches = patches.reshape(
            2, q.shape[1], patches.shape[1], self.num_heads, q.shape[4])
        kv = torch.cat([patches.transpose(2, 3), kv], 3)
        return self.merge(F.scaled_dot_product_attention(q.squeeze(0), *kv))
