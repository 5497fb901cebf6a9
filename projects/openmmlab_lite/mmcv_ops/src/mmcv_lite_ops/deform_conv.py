# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Deformable convolution, v1 and v2 (modulated), on torchvision's.

``input`` has the shape (N, C_in, H, W), ``weight`` (C_out, C_in / group, kH,
kW), ``offset`` (N, deformable_group * kH * kW * 2, H_out, W_out) as (y, x)
pairs in pixels, ``mask`` (N, deformable_group * kH * kW, H_out, W_out).
``columns``, ``ones`` and ``im2col_step`` serve MMCV's own kernels.
"""
from dataclasses import dataclass
from typing import Optional, Tuple

import torch
import torchvision
from torch import Tensor


@dataclass(frozen=True)
class _Geometry:
    """Of the sampling grid, each pair as (h, w)."""
    stride: Tuple[int, int]
    padding: Tuple[int, int]
    dilation: Tuple[int, int]
    group: int
    deformable_group: int

    def conv(self, input: Tensor, offset: Tensor, weight: Tensor,
             mask: Optional[Tensor], bias: Optional[Tensor]) -> Tensor:
        """(N, C_out, H_out, W_out).

        Raises:
            ValueError: If a shape does not suit the groups, which torchvision
                would derive from the shapes.
        """
        if weight.shape[1] * self.group != input.shape[1]:
            raise ValueError(
                f'deformable convolution of {input.shape[1]} channels in '
                f'{self.group} groups got a weight of shape '
                f'{tuple(weight.shape)}')
        num_taps = self.deformable_group * weight[0, 0].numel()
        if offset.shape[1] != 2 * num_taps:
            raise ValueError(
                f'deformable convolution with {num_taps} taps (deform_groups '
                f'* kH * kW) needs {2 * num_taps} channels of offset, got '
                f'{offset.shape[1]}')
        return torchvision.ops.deform_conv2d(input, offset, weight, bias,
                                             self.stride, self.padding,
                                             self.dilation, mask)

    def outside(self, offset: Tensor, size: Tuple[int, int],
                kernel: Tuple[int, int]) -> Tensor:
        """Which taps lie outside the input, shape of ``offset``."""
        positions = offset.unflatten(1, (self.deformable_group, *kernel, 2))
        outside = torch.zeros_like(positions[:, :, :, :, 0], dtype=torch.bool)
        for axis in range(2):
            taps = torch.arange(kernel[axis]) * self.dilation[axis]
            steps = torch.arange(offset.shape[2 + axis]) * self.stride[axis]
            # axes of `outside`: N, group, kH, kW, H_out, W_out
            at = (taps.view(-1, *[1] * (3 - axis)) +
                  steps.view(-1, *[1] * (1 - axis)) -
                  self.padding[axis]).to(offset.device)
            position = positions[:, :, :, :, axis] + at
            outside |= (position <= -1) | (position >= size[axis])
        return outside[:, :, :, :, None].expand_as(positions).flatten(1, 4)

    def gradients(self, grad_output: Tensor, input: Tensor, offset: Tensor,
                  weight: Tensor, mask: Optional[Tensor],
                  bias: Optional[Tensor], wanted: Tuple[str, ...]) -> dict:
        """Gradients of the named tensors."""
        tensors = dict(
            input=input, offset=offset, weight=weight, mask=mask, bias=bias)
        tensors = {
            k: v if v is None else v.detach().requires_grad_(k in wanted)
            for k, v in tensors.items()
        }
        with torch.enable_grad():
            output = self.conv(**tensors)
        grads = torch.autograd.grad(output, [tensors[k] for k in wanted],
                                    grad_output)
        grads = dict(zip(wanted, grads))
        if 'offset' in grads:
            # A tap exactly one pixel outside, as padding and an offset of
            # zero give it: MMCV's gradient is zero, torchvision's is not.
            outside = self.outside(offset, input.shape[2:], weight.shape[2:])
            grads['offset'] = grads['offset'].masked_fill(outside, 0)
        return grads


def deform_conv_forward(input: Tensor, weight: Tensor, offset: Tensor,
                        output: Tensor, columns: Tensor, ones: Tensor, kW: int,
                        kH: int, dW: int, dH: int, padW: int, padH: int,
                        dilationW: int, dilationH: int, group: int,
                        deformable_group: int, im2col_step: int) -> None:
    """Fill ``output`` (N, C_out, H_out, W_out)."""
    geometry = _Geometry((dH, dW), (padH, padW), (dilationH, dilationW), group,
                         deformable_group)
    output.copy_(geometry.conv(input, offset, weight, None, None))


def deform_conv_backward_input(input: Tensor, offset: Tensor,
                               gradOutput: Tensor, gradInput: Tensor,
                               gradOffset: Tensor, weight: Tensor,
                               columns: Tensor, kW: int, kH: int, dW: int,
                               dH: int, padW: int, padH: int, dilationW: int,
                               dilationH: int, group: int,
                               deformable_group: int,
                               im2col_step: int) -> None:
    """Add to ``gradInput`` and ``gradOffset``."""
    geometry = _Geometry((dH, dW), (padH, padW), (dilationH, dilationW), group,
                         deformable_group)
    grads = geometry.gradients(gradOutput, input, offset, weight, None, None,
                               ('input', 'offset'))
    gradInput += grads['input']
    gradOffset += grads['offset']


def deform_conv_backward_parameters(input: Tensor, offset: Tensor,
                                    gradOutput: Tensor, gradWeight: Tensor,
                                    columns: Tensor, ones: Tensor, kW: int,
                                    kH: int, dW: int, dH: int, padW: int,
                                    padH: int, dilationW: int, dilationH: int,
                                    group: int, deformable_group: int,
                                    scale: float, im2col_step: int) -> None:
    """Add ``scale`` times the gradient to ``gradWeight``."""
    geometry = _Geometry((dH, dW), (padH, padW), (dilationH, dilationW), group,
                         deformable_group)
    grads = geometry.gradients(gradOutput, input, offset,
                               torch.zeros_like(gradWeight), None, None,
                               ('weight', ))
    gradWeight.add_(grads['weight'], alpha=scale)


def modulated_deform_conv_forward(
        input: Tensor, weight: Tensor, bias: Tensor, ones: Tensor,
        offset: Tensor, mask: Tensor, output: Tensor, columns: Tensor,
        kernel_h: int, kernel_w: int, stride_h: int, stride_w: int,
        pad_h: int, pad_w: int, dilation_h: int, dilation_w: int, group: int,
        deformable_group: int, with_bias: bool) -> None:
    """Fill ``output`` (N, C_out, H_out, W_out)."""
    geometry = _Geometry((stride_h, stride_w), (pad_h, pad_w),
                         (dilation_h, dilation_w), group, deformable_group)
    output.copy_(
        geometry.conv(input, offset, weight, mask,
                      bias if with_bias else None))


def modulated_deform_conv_backward(
        input: Tensor, weight: Tensor, bias: Tensor, ones: Tensor,
        offset: Tensor, mask: Tensor, columns: Tensor, grad_input: Tensor,
        grad_weight: Tensor, grad_bias: Tensor, grad_offset: Tensor,
        grad_mask: Tensor, grad_output: Tensor, kernel_h: int, kernel_w: int,
        stride_h: int, stride_w: int, pad_h: int, pad_w: int, dilation_h: int,
        dilation_w: int, group: int, deformable_group: int,
        with_bias: bool) -> None:
    """Add to the gradients of input, weight, bias, offset and mask."""
    geometry = _Geometry((stride_h, stride_w), (pad_h, pad_w),
                         (dilation_h, dilation_w), group, deformable_group)
    into = dict(
        input=grad_input,
        offset=grad_offset,
        weight=grad_weight,
        mask=grad_mask)
    if with_bias:
        into['bias'] = grad_bias
    grads = geometry.gradients(grad_output, input, offset, weight, mask,
                               bias if with_bias else None, tuple(into))
    for name, grad in grads.items():
        into[name] += grad
