# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Where a heatmap peaks, to a fraction of a pixel, for many at once.

The DARK refinement smooths a heatmap with a Gaussian and takes one Newton
step from its maximum on the logarithm. The step reads 3x3 smoothed values, so
only these are smoothed: a patch around the maximum is enough.
"""
import math
from functools import lru_cache
from typing import NamedTuple, Optional, Tuple

import cv2
import numpy as np
import torch
from torch import Tensor

from vitpose_mm.compiling import is_compiling

# Smoothed values are kept in this range before their logarithm is taken.
LOW, HIGH = 1e-3, 50.


class Numerics(NamedTuple):
    """What one implementation of DARK-UDP does.

    Attributes:
        sigma: Of the smoothing, in pixels; None for OpenCV's choice, which
            depends on the size of the kernel (2 for 11).
        border: How values beyond the border are made up, a mode of np.pad.
        rescale: Whether a smoothed heatmap is stretched to the maximum that
            it had before.
    """

    sigma: Optional[float]
    border: str
    rescale: bool


# MMPose 1.x, the official code of the papers, and transformers.
NUMERICS = {
    'mmpose': Numerics(None, 'constant', True),
    'official': Numerics(None, 'reflect', False),
    'hf': Numerics(0.8, 'symmetric', False),
}


class Blur(NamedTuple):
    """Gaussian smoothing of lines of ``size`` pixels, borders included.

    Attributes:
        matrix: Shape (size, size); matrix @ line smooths a line.
        starts: First pixel that a patch around each pixel reads, shape
            (size, ).
        weights: What smooths a patch at its pixel and the two beside it,
            shape (size, 3, extent of the patch). A pixel beyond the border
            repeats its neighbour at the border.

    All is computed in the dtype of these, float64 where a device has it.
    """

    matrix: Tensor
    starts: Tensor
    weights: Tensor


@lru_cache(maxsize=None)
def make_blur(size: int, kernel_size: int, numerics: Numerics,
              device: torch.device) -> Blur:
    """Build the smoothing of one axis, once per device.

    Args:
        size: Pixels of a line.
        kernel_size: Taps of the kernel, odd.
        numerics: The kernel's width and the border.
        device: Of the tensors.
    """
    radius = kernel_size // 2
    if numerics.sigma is None:
        taps = cv2.getGaussianKernel(kernel_size, 0).ravel()
    else:
        offsets = np.arange(-radius, radius + 1)
        taps = np.exp(-offsets**2 / (2 * numerics.sigma**2))
        taps /= taps.sum()
    padded = np.pad(
        np.eye(size), ((radius, radius), (0, 0)), mode=numerics.border)
    matrix = sum(tap * padded[i:i + size] for i, tap in enumerate(taps))

    extent = min(kernel_size + 2, size)
    pixels = np.arange(size)
    starts = (pixels - radius - 1).clip(0, size - extent)
    beside = (pixels[:, None] + (-1, 0, 1)).clip(0, size - 1)
    reads = starts[:, None] + np.arange(extent)
    weights = matrix[beside[:, :, None], reads[:, None]]
    return Blur(*(torch.from_numpy(array).to(device)
                  for array in (matrix, starts, weights)))


def find_peaks(heatmaps: Tensor, blurs: Tuple[Blur, Blur],
               rescale: bool) -> Tuple[Tensor, Tensor]:
    """Find the first maximum of each heatmap, to a fraction of a pixel.

    Args:
        heatmaps: Shape (N, H, W), float32.
        blurs, rescale: As in refine.

    Returns:
        Peaks (x, y) in heatmap pixels, shape (N, 2), in the dtype of the
        blurs, (-1, -1) where there is none; scores (N, ), float32.
    """
    W = heatmaps.shape[2]
    places, scores = find_maxima(heatmaps)
    scores = torch.where(scores.isfinite(), scores, 0)
    steps = refine(heatmaps, places, scores, blurs, rescale)
    peaks = torch.stack((places % W, places // W), 1) + steps
    return peaks.masked_fill((scores <= 0)[:, None], -1), scores


def find_maxima(heatmaps: Tensor) -> Tuple[Tensor, Tensor]:
    """Find the first maximum, in row-major order, of each heatmap.

    In two stages, because on a CPU PyTorch finds the largest value many times
    faster than its place.

    Args:
        heatmaps: Shape (N, H, W).

    Returns:
        Places in the flattened heatmap, int64, and values, each (N, ).
    """
    N, H, W = heatmaps.shape
    rows = math.gcd(H, 4)
    strips = heatmaps.reshape(N, H // rows, rows * W)
    scores, strip = strips.amax(2).max(1)
    first = torch.arange(N, device=strip.device) * (H // rows)
    within = strips.flatten(0, 1).index_select(0, first + strip).argmax(1)
    return strip * (rows * W) + within, scores


def refine(heatmaps: Tensor, places: Tensor, scores: Tensor,
           blurs: Tuple[Blur, Blur], rescale: bool) -> Tensor:
    """Newton step from the maximum of each heatmap.

    Args:
        heatmaps: Shape (N, H, W), float32.
        places: Of the maxima in the flattened heatmap, shape (N, ).
        scores: The maxima, shape (N, ).
        blurs: Smoothing of columns (H pixels) and of rows (W pixels).
        rescale: See Numerics.

    Returns:
        Steps (x, y) in heatmap pixels, shape (N, 2). Zero where the step is
        not defined.
    """
    around = smooth_neighbours(heatmaps, places, blurs)
    if rescale:
        # Stretching adds a constant to all logarithms, which cancels out of
        # the step, unless a value leaves [LOW, HIGH]. It never makes a value
        # smaller, nor larger than the maximum: most heatmaps need nothing.
        matters = (around.amin((1, 2)) < LOW) | (scores > HIGH)
        matters &= scores > 0
        # To select some would wait for a device, and no graph can.
        if heatmaps.is_cuda or is_compiling():
            factors = stretch(heatmaps, scores, blurs).where(
                matters, torch.ones_like(around[:, 0, 0]))
        else:
            factors = torch.ones_like(around[:, 0, 0])
            factors[matters] = stretch(heatmaps[matters], scores[matters],
                                       blurs)
        around *= factors[:, None, None]
    return newton_step(around.clamp(LOW, HIGH).log())


def stretch(heatmaps: Tensor, scores: Tensor,
            blurs: Tuple[Blur, Blur]) -> Tensor:
    """What brings smoothed heatmaps back to their maxima, shape (N, ).

    Args:
        heatmaps, scores, blurs: As in refine.
    """
    heatmaps = heatmaps.to(blurs[0].matrix.dtype)
    smooth = blurs[0].matrix @ heatmaps @ blurs[1].matrix.T
    return scores / smooth.amax((1, 2))


def smooth_neighbours(heatmaps: Tensor, places: Tensor,
                      blurs: Tuple[Blur, Blur]) -> Tensor:
    """Smooth each heatmap at the 3x3 pixels around one place.

    Args:
        heatmaps, places, blurs: As in refine.

    Returns:
        Shape (N, 3, 3).
    """
    N, H, W = heatmaps.shape
    y, x = places // W, places % W
    rows, cols = (blur.weights.shape[2] for blur in blurs)
    patch = torch.arange(rows, device=y.device)[:, None] * W + torch.arange(
        cols, device=y.device)
    first = torch.arange(0, N * H * W, H * W, device=y.device)
    first += blurs[0].starts[y] * W + blurs[1].starts[x]
    index = (first[:, None] + patch.flatten()).flatten()
    patches = heatmaps.flatten().index_select(0, index)
    patches = patches.to(blurs[0].weights.dtype)
    down = blurs[0].weights.index_select(0, y)
    across = blurs[1].weights.index_select(0, x)
    return down @ patches.view(N, rows, cols) @ across.transpose(1, 2)


def newton_step(logs: Tensor) -> Tensor:
    """Step from the middle of 3x3 values to the peak of their parabola.

    Args:
        logs: Shape (N, 3, 3), rows before columns.

    Returns:
        Steps (x, y) in pixels, shape (N, 2); zero where none exists.
    """
    middle = logs[:, 1, 1]
    left, right = logs[:, 1, 0], logs[:, 1, 2]
    upper, lower = logs[:, 0, 1], logs[:, 2, 1]
    dx, dy = (right - left) / 2, (lower - upper) / 2
    # Every implementation adds this to the Hessian's diagonal.
    eps = torch.finfo(torch.float32).eps
    dxx = right - 2 * middle + left + eps
    dyy = lower - 2 * middle + upper + eps
    dxy = (logs[:, 2, 2] + logs[:, 0, 0] + 2 * middle - right - left - lower -
           upper) / 2
    det = dxx * dyy - dxy * dxy
    step = torch.stack((dxy * dy - dyy * dx, dxy * dx - dxx * dy), 1)
    return torch.nan_to_num(step / det[:, None], 0., 0., 0.)
