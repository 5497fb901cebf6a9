# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import NamedTuple, Optional, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor

Device = Optional[torch.device]


class Windows(NamedTuple):
    """How a grid of patches is cut into windows.

    The grid is padded at the bottom and on the right to a multiple of the
    window. With a shift it is then rolled up and to the left, so that the
    last windows hold patches of opposite borders (Swin, arXiv 2103.14030,
    section 3.2); ``mask`` keeps these apart.

    All numbers are known on the host, so nothing waits for the device. The
    tensors that are cut and joined keep the shape of what came in, so that an
    export holds for any number of images.

    Attributes:
        grid: (rows, columns) of the patches.
        size: (h, w) of a window in patches.
        shift: (down, right) by how many patches the windows are moved.
    """

    grid: Tuple[int, int]
    size: Tuple[int, int]
    shift: Tuple[int, int] = (0, 0)

    @property
    def counts(self) -> Tuple[int, int]:
        """Windows along (rows, columns)."""
        (rows, cols), (h, w) = self.grid, self.size
        return -(-rows // h), -(-cols // w)

    @property
    def padding(self) -> Tuple[int, int]:
        """(rows, columns) of padding."""
        (rows, cols), (h, w), (m, n) = self.grid, self.size, self.counts
        return m * h - rows, n * w - cols

    def mask(self, device: Device = None) -> Optional[Tensor]:
        """What to add to the scores within windows.

        Returns:
            Shape (windows, h * w, h * w), float32: 0 where query and key were
            neighbours before the roll, -inf elsewhere; None if that is
            nowhere. Padding sees padding, so that no row is empty.
        """
        if not any(self.padding) and not any(self.shift):
            return None
        # Only the first rows and columns wrap around; padding is 0.
        rows, cols = (torch.arange(side, device=device) < shift
                      for side, shift in zip(self.grid, self.shift))
        ids = window_partition(
            (1 + 2 * rows[:, None] + cols.int()).view(1, -1, 1), self)
        apart = ids != ids.transpose(1, 2)
        return torch.zeros_like(
            apart, dtype=torch.float32).masked_fill(apart, -torch.inf)

    def areas(self, device: Device = None) -> Optional[Tensor]:
        """Patches in the window, before the shift, of each patch.

        Returns:
            Shape (windows, h * w), float32, inf for padding; None if all
            windows are full.
        """
        if not any(self.padding):
            return None
        rows, cols = (
            (side - torch.arange(side, device=device) // size * size).clamp(
                max=size).float() for side, size in zip(self.grid, self.size))
        areas = window_partition(
            (rows[:, None] * cols).view(1, -1, 1), self).squeeze(2)
        return areas.masked_fill(areas == 0, torch.inf)

    def means(self, x: Tensor, areas: Optional[Tensor]) -> Tensor:
        """Average over the windows of the grid before the shift.

        A shifted window may join patches of opposite borders, whose mean
        says little; so the sums over its parts go back to the windows they
        come from.

        Args:
            x: Patches in windows, shape (S, B * windows, heads, h * w, C).
            areas: What ``areas`` returns.

        Returns:
            Shape (S, B, heads, windows, C).
        """
        (h, w), (m, n) = self.size, self.counts
        x = x.reshape(x.shape[0], x.shape[1] // (m * n), m * n, *x.shape[2:])
        if areas is not None:
            x = x / areas.to(x.dtype)[:, None, :, None]
        x = x.reshape(*x.shape[:2], m, n, x.shape[3], h, w, x.shape[5])
        # (S, B, m, n, heads, h, w, C), then without h, then without w
        x = sum_back(x, 5, self.shift[0], 2)
        x = sum_back(x, 5, self.shift[1], 3)
        if areas is None:
            x = x / (h * w)
        return x.flatten(2, 3).transpose(2, 3)


def window_partition(x: Tensor, windows: Windows) -> Tensor:
    """Cut patches (B, rows * cols, C) into (B * windows, h * w, C)."""
    (h, w), (m, n), shift = windows.size, windows.counts, windows.shift
    x = x.reshape(x.shape[0], *windows.grid, x.shape[2])
    if any(windows.padding):
        x = F.pad(x, (0, 0, 0, windows.padding[1], 0, windows.padding[0]))
    if any(shift):
        x = x.roll((-shift[0], -shift[1]), (1, 2))
    x = x.reshape(x.shape[0], m, h, n, w, x.shape[3]).transpose(2, 3)
    return x.reshape(x.shape[0] * m * n, h * w, x.shape[5])


def window_unpartition(x: Tensor, windows: Windows) -> Tensor:
    """Join what ``window_partition`` cuts."""
    (rows, cols), (m, n) = windows.grid, windows.counts
    x = x.reshape(x.shape[0] // (m * n), m, n, *windows.size, x.shape[2])
    x = x.transpose(2, 3).flatten(3, 4).flatten(1, 2)
    if any(windows.shift):
        x = x.roll(windows.shift, (1, 2))
    if any(windows.padding):
        x = x[:, :rows, :cols]
    return x.flatten(1, 2)


def sum_back(x: Tensor, axis: int, shift: int, windows: int) -> Tensor:
    """Sum over an axis within windows that were shifted by ``shift``: the
    last ``shift`` places belong to the next window along axis ``windows``."""
    own, following = x.split((x.shape[axis] - shift, shift), axis)
    own = own.sum(axis)
    return own + following.sum(axis).roll(1, windows) if shift else own
