# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""RoIAlign, average and maximum of bilinear samples.

``input`` has the shape (N, C, H, W); ``rois`` (K, 5) as (image, x1, y1, x2,
y2) in pixels of the image, ``spatial_scale`` leads to pixels of ``input``;
``output`` (K, C, aligned_height, aligned_width). ``pool_mode`` is 1 for the
average, which is torchvision's, and 0 for the maximum, which torchvision does
not have.
"""
import torch
import torchvision
from torch import Tensor

from .sampling import max_samples, max_samples_backward


def roi_align_forward(input: Tensor, rois: Tensor, output: Tensor,
                      argmax_y: Tensor, argmax_x: Tensor, aligned_height: int,
                      aligned_width: int, spatial_scale: float,
                      sampling_ratio: int, pool_mode: int,
                      aligned: bool) -> None:
    """Fill ``output``; for the maximum also where it was found.

    Raises:
        ValueError: With ``aligned``, if a box on the CPU has a negative size,
            as MMCV's operator does.
    """
    if aligned and not rois.is_cuda:
        _check_sizes(rois)
    size = aligned_height, aligned_width
    if pool_mode == 1:
        output.copy_(
            torchvision.ops.roi_align(input, rois, size, spatial_scale,
                                      sampling_ratio, aligned))
    else:
        max_samples(input, rois, output, argmax_y, argmax_x, spatial_scale,
                    sampling_ratio, aligned)


def roi_align_backward(grad_output: Tensor, rois: Tensor, argmax_y: Tensor,
                       argmax_x: Tensor, grad_input: Tensor,
                       aligned_height: int, aligned_width: int,
                       spatial_scale: float, sampling_ratio: int,
                       pool_mode: int, aligned: bool) -> None:
    """Add the gradient of the input to ``grad_input``."""
    if pool_mode == 0:
        max_samples_backward(grad_output, rois, argmax_y, argmax_x, grad_input)
        return
    # The average is linear: its gradient does not depend on the input.
    with torch.enable_grad():
        input = torch.zeros_like(grad_input, requires_grad=True)
        output = torchvision.ops.roi_align(
            input, rois, (aligned_height, aligned_width), spatial_scale,
            sampling_ratio, aligned)
    grad_input += torch.autograd.grad(output, input, grad_output)[0]


def _check_sizes(rois: Tensor) -> None:
    negative = (rois[:, 3:] < rois[:, 1:3]).any(1)
    if negative.any():
        raise ValueError(
            'RoIAlign with aligned=True needs boxes (x1, y1, x2, y2) with '
            f'x1 <= x2 and y1 <= y2, got {rois[negative][0, 1:].tolist()}')
