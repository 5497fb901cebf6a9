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

    def sources(self, axis: int, device: Device = None) -> Tensor:
        """Row (axis 0) or column (axis 1) of the padded grid that each row or
        column of the rolled grid comes from."""
        length = self.grid[axis] + self.padding[axis]
        places = torch.arange(length, device=device)
        return (places + self.shift[axis]) % length

    def cut_plan(self, values: Tensor) -> Tensor:
        """Cut numbers of the rolled grid into (windows, h * w)."""
        whole = Windows(values.shape, self.size)
        return whole.cut(values.view(1, -1, 1)).squeeze(2)

    def regions(self, device: Device = None) -> Tensor:
        """Number the parts of the rolled grid that were neighbours before.

        Returns:
            Shape (windows, h * w): -1 for padding.
        """
        rows, cols = (self.sources(axis, device) for axis in range(2))
        # Only what wraps around comes from the first rows and columns.
        wrapped = rows < self.shift[0], cols < self.shift[1]
        ids = 2 * wrapped[0][:, None] + wrapped[1].int()
        padded = (rows >= self.grid[0])[:, None] | (cols >= self.grid[1])
        return self.cut_plan(ids.masked_fill(padded, -1))

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

    def areas(self, device: Device = None) -> Optional[Tensor]:
        """Patches in the window, before the shift, of each patch.

        Returns:
            Shape (windows, h * w), float32, inf for padding; None if all
            windows are full.
        """
        if not any(self.padding):
            return None
        sides = []
        for axis, (side, size) in enumerate(zip(self.grid, self.size)):
            sources = self.sources(axis, device)
            inside = (side - sources // size * size).clamp(max=size).float()
            sides.append(inside.masked_fill(sources >= side, torch.inf))
        return self.cut_plan(sides[0][:, None] * sides[1])

    def means(self, x: Tensor, areas: Optional[Tensor]) -> Tensor:
        """Average over the windows of the grid before the shift.

        A shifted window may join patches of opposite borders, whose mean
        says little; so the sums over its parts go back to the windows they
        come from.

        Args:
            x: Cut patches, shape (S, B * windows, heads, h * w, C).
            areas: What ``areas`` returns.

        Returns:
            Shape (S, B, heads, windows, C).
        """
        (h, w), (m, n) = self.size, self.counts
        x = x.unflatten(1, (-1, m * n))
        if areas is not None:
            x = x / areas.to(x.dtype)[:, None, :, None]
        x = x.unflatten(4, (h, w)).unflatten(2, (m, n))
        # (S, B, m, n, heads, h, w, C), then without h, then without w
        x = sum_back(x, 5, self.shift[0], 2)
        x = sum_back(x, 5, self.shift[1], 3)
        if areas is None:
            x = x / (h * w)
        return x.flatten(2, 3).transpose(2, 3)


def sum_back(x: Tensor, axis: int, shift: int, windows: int) -> Tensor:
    """Sum over an axis within windows that were shifted by ``shift``: the
    last ``shift`` places belong to the next window along axis ``windows``."""
    own, following = x.split((x.shape[axis] - shift, shift), axis)
    own = own.sum(axis)
    return own + following.sum(axis).roll(1, windows) if shift else own
