# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import NamedTuple, Optional, Tuple, Union

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

    All numbers are known on the host, so nothing waits for the device.

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

    def cut(self, x: Tensor) -> Tensor:
        """Cut patches (B, rows * cols, C) into (B * windows, h * w, C)."""
        (h, w), (m, n) = self.size, self.counts
        x = x.unflatten(1, self.grid)
        if any(self.padding):
            x = F.pad(x, (0, 0, 0, self.padding[1], 0, self.padding[0]))
        if any(self.shift):
            x = x.roll((-self.shift[0], -self.shift[1]), (1, 2))
        x = x.unflatten(2, (n, w)).unflatten(1, (m, h)).transpose(2, 3)
        return x.reshape(-1, h * w, x.shape[-1])

    def join(self, x: Tensor) -> Tensor:
        """Undo ``cut``."""
        (rows, cols), (m, n) = self.grid, self.counts
        x = x.unflatten(1, self.size).unflatten(0, (-1, m, n))
        x = x.transpose(2, 3).flatten(3, 4).flatten(1, 2)
        if any(self.shift):
            x = x.roll(self.shift, (1, 2))
        if any(self.padding):
            x = x[:, :rows, :cols]
        return x.flatten(1, 2)

    def regions(self, device: Device = None) -> Tensor:
        """Number the parts of the rolled grid that were neighbours before.

        Returns:
            Shape (windows, h * w): -1 for padding.
        """
        wrapped, padded = [], []
        for axis in range(2):
            length = self.grid[axis] + self.padding[axis]
            places = torch.arange(length, device=device)
            wrapped.append(places >= length - self.shift[axis])
            source = (places + self.shift[axis]) % length
            padded.append(source >= self.grid[axis])
        ids = 2 * wrapped[0][:, None] + wrapped[1].int()
        ids = ids.masked_fill(padded[0][:, None] | padded[1], -1)
        whole = Windows(ids.shape, self.size)
        return whole.cut(ids.view(1, -1, 1)).squeeze(2)

    def mask(self, device: Device = None) -> Optional[Tensor]:
        """What to add to the scores within windows.

        Returns:
            Shape (windows, h * w, h * w), float32: 0 where query and key are
            of one region, -inf elsewhere; None if that is nowhere. Padding
            sees padding, so that no row is empty.
        """
        if not any(self.padding) and not any(self.shift):
            return None
        ids = self.regions(device)
        apart = ids[:, :, None] != ids[:, None, :]
        return torch.zeros_like(
            apart, dtype=torch.float32).masked_fill(apart, -torch.inf)

    def means(self, x: Tensor) -> Tensor:
        """Average over the windows of the grid before the shift.

        A shifted window may join patches of opposite borders, whose mean
        says little; so the sums over its parts go back to the windows they
        come from.

        Args:
            x: Cut patches, shape (S, B * windows, heads, h * w, C).

        Returns:
            Shape (S, B, heads, windows, C).
        """
        (h, w), (m, n) = self.size, self.counts
        if any(self.padding):
            padded = self.regions(x.device) < 0
            x = x.unflatten(1, (-1, m * n)).masked_fill(
                padded[:, None, :, None], 0).flatten(1, 2)
        x = x.unflatten(3, (h, w)).unflatten(1, (-1, m, n))
        # (S, B, m, n, heads, h, w, C), then without h, then without w
        x = sum_back(x, 5, self.shift[0], 2)
        x = sum_back(x, 5, self.shift[1], 3)
        x = x / self.num_patches(x.device)
        return x.flatten(2, 3).transpose(2, 3)

    def num_patches(self, device: Device = None) -> Union[int, Tensor]:
        """Patches in a window, shape (m, n, 1, 1) where it depends on it."""
        if not any(self.padding):
            return self.size[0] * self.size[1]
        rows, cols = ((side - length * torch.arange(
            count, device=device)).clamp(max=length) for side, length, count in
                      zip(self.grid, self.size, self.counts))
        return (rows[:, None] * cols)[..., None, None]


def sum_back(x: Tensor, axis: int, shift: int, windows: int) -> Tensor:
    """Sum over an axis within windows that were shifted by ``shift``: the
    last ``shift`` places belong to the next window along axis ``windows``."""
    own, following = x.split((x.shape[axis] - shift, shift), axis)
    own = own.sum(axis)
    return own + following.sum(axis).roll(1, windows) if shift else own
