# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Maximum of the bilinear samples in the bins of boxes."""
from typing import Tuple

import torch
from torch import Tensor

# What MMCV's operator returns for a bin without a larger sample.
LOWEST = -10000


def max_samples(input: Tensor, rois: Tensor, output: Tensor, argmax_y: Tensor,
                argmax_x: Tensor, scale: float, sampling_ratio: int,
                aligned: bool) -> None:
    """Fill ``output`` (K, C, h, w) and the positions of its values.

    ``argmax_y`` and ``argmax_x`` have the shape of ``output``, in pixels of
    the input, -1 where a bin has no sample above ``LOWEST``.
    """
    size = output.shape[2:]
    starts = rois[:, [2, 1]] * scale - (0.5 if aligned else 0)
    lengths = rois[:, [4, 3]] * scale - (0.5 if aligned else 0) - starts
    if not aligned:
        lengths = lengths.clamp(min=1)
    for n in range(len(rois)):
        y, x = (
            _positions(starts[n, i], lengths[n, i], size[i], sampling_ratio)
            for i in range(2))
        output[n], argmax_y[n], argmax_x[n] = LOWEST, -1, -1
        if y.numel() and x.numel():
            samples = _bilinear(input[int(rois[n, 0])], y.flatten(),
                                x.flatten())
            # (C, h, grid_h, w, grid_w) -> (C, h, w, grid_h * grid_w)
            samples = samples.unflatten(2, x.shape).unflatten(1, y.shape)
            samples = samples.transpose(2, 3).flatten(3)
            value, at = samples.max(-1)
            found = value > LOWEST
            rows = torch.arange(size[0], device=y.device)[:, None]
            columns = torch.arange(size[1], device=x.device)
            output[n] = torch.where(found, value, LOWEST)
            argmax_y[n] = torch.where(found, y[rows, at // x.shape[1]], -1)
            argmax_x[n] = torch.where(found, x[columns, at % x.shape[1]], -1)


def max_samples_backward(grad_output: Tensor, rois: Tensor, argmax_y: Tensor,
                         argmax_x: Tensor, grad_input: Tensor) -> None:
    """Add the gradient of each maximum to the pixels of its sample."""
    _, channels, height, width = grad_input.shape
    plane = rois[:, 0].long()[:, None] * channels + torch.arange(
        channels, device=rois.device)
    plane = plane[:, :, None, None] * (height * width)
    grad = torch.where(argmax_y != -1, grad_output, 0)
    flat = grad_input.view(-1)
    for row, row_weight in _neighbours(argmax_y, height):
        for column, column_weight in _neighbours(argmax_x, width):
            at = plane + row * width + column
            flat.index_add_(
                0, at.flatten(),
                (grad * (row_weight * column_weight)).flatten())


def _positions(start: Tensor, length: Tensor, num_bins: int,
               sampling_ratio: int) -> Tensor:
    """Samples of each bin along one axis, shape (num_bins, grid)."""
    grid = sampling_ratio
    if grid <= 0:
        grid = max(int(torch.ceil(length / num_bins)), 0)
    bin_size = length / num_bins
    bins = torch.arange(num_bins, device=start.device)[:, None] * bin_size
    within = (torch.arange(grid, device=start.device) + 0.5).to(start)
    return start + bins + within * bin_size / max(grid, 1)


def _neighbours(
        position: Tensor,
        size: int) -> Tuple[Tuple[Tensor, Tensor], Tuple[Tensor, Tensor]]:
    """Pixel and weight, below and above each position along one axis.

    Up to one pixel outside the border the border is repeated; the weight is
    zero beyond.
    """
    inside = (position >= -1) & (position <= size)
    position = position.clamp(0, size - 1)
    low = position.floor()
    weight = position - low
    high = (low + 1).clamp(max=size - 1)
    return ((low.long(), torch.where(inside, 1 - weight, 0)),
            (high.long(), torch.where(inside, weight, 0)))


def _bilinear(image: Tensor, y: Tensor, x: Tensor) -> Tensor:
    """Samples of (C, H, W) at rows y and columns x, (C, len(y), len(x))."""
    samples = 0
    for row, row_weight in _neighbours(y, image.shape[1]):
        for column, column_weight in _neighbours(x, image.shape[2]):
            weight = row_weight[:, None] * column_weight
            samples = samples + weight * image[:, row[:, None], column]
    return samples
