# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""RoIPool: the maximum of the pixels in the bins of boxes.

torchvision's operator rounds the corners of a box to whole pixels; MMCV's
keeps them and takes every pixel that a bin touches.
"""
import torch
from torch import Tensor


def roi_pool_forward(input: Tensor, rois: Tensor, output: Tensor,
                     argmax: Tensor, pooled_height: int, pooled_width: int,
                     spatial_scale: float) -> None:
    """Fill ``output`` and ``argmax``, (K, C, pooled_height, pooled_width).

    Args:
        input (Tensor): Shape (N, C, H, W).
        rois (Tensor): Shape (K, 5) as (image, x1, y1, x2, y2), corner pixels
            included; ``spatial_scale`` leads to pixels of ``input``.
        argmax (Tensor): Filled with y * W + x of the maximum, -1 where a bin
            is empty; int32.
    """
    height, width = input.shape[2:]
    start = rois[:, [2, 1]] * spatial_scale
    length = (rois[:, [4, 3]] + 1) * spatial_scale - start
    rows = _bins(start[:, 0], length[:, 0], pooled_height, height)
    columns = _bins(start[:, 1], length[:, 1], pooled_width, width)
    valid = (length > 0).all(1).tolist()
    output.zero_()
    argmax.fill_(-1)
    for n, image in enumerate(rois[:, 0].long().tolist()):
        if not valid[n]:
            continue
        for i, (top, bottom) in enumerate(rows[n]):
            for j, (left, right) in enumerate(columns[n]):
                if top < bottom and left < right:
                    pixels = input[image, :, top:bottom, left:right]
                    value, at = pixels.flatten(1).max(1)
                    y, x = at // (right - left), at % (right - left)
                    output[n, :, i, j] = value
                    argmax[n, :, i, j] = (top + y) * width + left + x


def roi_pool_backward(grad_output: Tensor, rois: Tensor, argmax: Tensor,
                      grad_input: Tensor, pooled_height: int,
                      pooled_width: int, spatial_scale: float) -> None:
    """Add the gradient of each maximum to its pixel of ``grad_input``."""
    _, channels, height, width = grad_input.shape
    plane = rois[:, 0].long()[:, None] * channels + torch.arange(
        channels, device=rois.device)
    at = plane[:, :, None, None] * (height * width) + argmax
    found = argmax != -1
    grad_input.view(-1).index_add_(0, at[found], grad_output[found])


def _bins(start: Tensor, length: Tensor, num_bins: int, size: int) -> list:
    """First pixel and the one after the last of each bin, per box."""
    index = torch.arange(num_bins + 1, device=start.device)
    bin_size = (length / num_bins)[:, None]
    edges = index * bin_size + start[:, None]
    first = edges[:, :-1].floor().clamp(0, size).int()
    after = edges[:, 1:].ceil().clamp(0, size).int()
    return torch.stack([first, after], -1).tolist()
