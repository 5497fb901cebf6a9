# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch

from vitpose_mm.models.layers.windows import (Windows, window_partition,
                                              window_unpartition)

CASES = [
    Windows((4, 6), (2, 3)),
    Windows((4, 6), (2, 3), (1, 1)),
    Windows((5, 7), (3, 2)),
    Windows((5, 7), (3, 4), (1, 2)),
    Windows((3, 2), (5, 4)),
]


def numbered(grid) -> torch.Tensor:
    """Patches whose two channels are their row and column from 1."""
    rows, cols = grid
    return torch.stack(
        torch.meshgrid(
            torch.arange(1., rows + 1), torch.arange(1., cols + 1),
            indexing='ij'), 2).view(1, -1, 2)


def test_windows_and_their_patches_are_in_row_major_order():
    cut = window_partition(numbered((4, 6)), Windows((4, 6), (2, 3)))
    assert cut.shape == (4, 6, 2)
    assert cut[1].tolist() == [[1, 4], [1, 5], [1, 6], [2, 4], [2, 5], [2, 6]]
    assert cut[2, 0].tolist() == [3, 1]


def test_shift_moves_windows_and_wraps_the_borders():
    cut = window_partition(
        numbered((4, 6)), Windows((4, 6), (2, 3), (1, 1)))
    assert cut[0, 0].tolist() == [2, 2]
    assert cut[3].tolist() == [[4, 5], [4, 6], [4, 1], [1, 5], [1, 6], [1, 1]]


def test_padding_is_zero_at_the_bottom_and_on_the_right():
    cut = window_partition(numbered((3, 2)), Windows((3, 2), (2, 3)))
    assert cut[1].tolist() == [[3, 1], [3, 2], [0, 0], [0, 0], [0, 0], [0, 0]]


@pytest.mark.parametrize('windows', CASES)
def test_unpartition_undoes_partition(windows):
    x = torch.randn(3, windows.grid[0] * windows.grid[1], 5)
    parts = window_partition(x, windows)
    assert torch.equal(window_unpartition(parts, windows), x)


@pytest.mark.parametrize('windows', CASES)
def test_mask_keeps_opposite_borders_and_padding_apart(windows):
    (h, w), (down, right) = windows.size, windows.shift
    cut = window_partition(numbered(windows.grid), windows)
    cut = cut.numpy().astype(int) - 1
    mask = windows.mask()
    if mask is None:
        mask = torch.zeros(len(cut), h * w, h * w)
    for patches, mask in zip(cut, mask):
        for i, j in np.ndindex(h * w, h * w):
            # Patches of one window, before anything wraps: floor to it.
            homes = [((r - down) // h, (c - right) // w, r < 0)
                     for r, c in patches[[i, j]]]
            expected = 0. if homes[0] == homes[1] else -np.inf
            assert mask[i, j].item() == expected


@pytest.mark.parametrize('windows', CASES)
def test_means_are_those_of_the_windows_without_shift(windows):
    (rows, cols), (h, w) = windows.grid, windows.size
    x = torch.randn(2 * 3, rows * cols, 4, dtype=torch.float64)
    maps = x.view(2, 3, rows, cols, 4)
    expected = [
        maps[:, :, top:top + h, left:left + w].mean((2, 3))
        for top in range(0, rows, h) for left in range(0, cols, w)
    ]
    cut = window_partition(x, windows)
    # What attention hands over: a bias makes padding differ from zero.
    valid = window_partition(torch.ones(1, rows * cols, 1), windows)
    valid = valid.squeeze(2) > 0
    cut = cut.unflatten(0, (6, -1)).masked_fill(~valid[..., None], 9.)
    cut = cut.view(2, -1, 1, h * w, 4)
    means = windows.means(cut, windows.areas())[:, :, 0]
    torch.testing.assert_close(means, torch.stack(expected, 2))
