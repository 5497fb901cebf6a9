# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import cv2
import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view

from .dark import newton_step

# Below it a heatmap is noise, and its logarithm steep.
FLOOR = 1e-3
# Cells; the peak of a maximum lies next to it.
MAX_STEP = 1.


def refine_peaks(heatmaps: np.ndarray, kinds: np.ndarray, cells: np.ndarray,
                 blur_size: int) -> np.ndarray:
    """Move peaks from whole cells to where a Gaussian fits (arXiv 1910.06278).

    A step of Newton's method on the logarithm of the blurred heatmap, where
    that has a maximum; elsewhere the peak stays. Only the surroundings of the
    peaks are looked at.

    Args:
        heatmaps: Shape (K, H, W).
        kinds: Heatmap of each peak, shape (P, ).
        cells: Whole (x, y) of each peak, shape (P, 2).
        blur_size: Side of the Gaussian blur's kernel in cells, odd.

    Returns:
        Refined (x, y), shape (P, 2), in cells.
    """
    reach = blur_size // 2 + 1
    # Slopes go on beyond the border; else it would attract or repel peaks.
    padded = np.pad(
        heatmaps, ((0, 0), (reach, reach), (reach, reach)),
        'reflect',
        reflect_type='odd')
    size = 2 * reach + 1
    windows = sliding_window_view(padded, (size, size), axis=(1, 2))
    patches = windows[kinds, cells[:, 1], cells[:, 0]]
    blur = np.zeros((3, size))
    for row in range(3):
        blur[row, row:row + blur_size] = cv2.getGaussianKernel(blur_size, 0).T
    logs = np.log(np.maximum(blur @ patches @ blur.T, FLOOR))
    is_peak = logs[:, 1, 1] == logs.max((1, 2))
    steps = newton_step(torch.from_numpy(logs)).numpy()
    steps = np.clip(steps, -MAX_STEP, MAX_STEP)
    return cells + steps * is_peak[:, None]
