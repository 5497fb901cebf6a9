# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Multi-scale deformable attention: MMCV's own PyTorch form.

MMCV itself calls its compiled operator for CUDA tensors and the PyTorch form
for all others; here the latter serves both. ``im2col_step`` serves MMCV's
kernel.
"""
import torch
from torch import Tensor


def ms_deform_attn_forward(value: Tensor, value_spatial_shapes: Tensor,
                           value_level_start_index: Tensor,
                           sampling_locations: Tensor,
                           attention_weights: Tensor,
                           im2col_step: int) -> Tensor:
    """Weighted samples of the values of all levels.

    Args:
        value (Tensor): Shape (N, num_keys, num_heads, head_dim), the levels
            one after another, each in rows.
        value_spatial_shapes (Tensor): (h, w) of each level, (num_levels, 2).
        value_level_start_index (Tensor): Key that each level begins with,
            shape (num_levels, ).
        sampling_locations (Tensor): (x, y) from 0 to 1, shape (N,
            num_queries, num_heads, num_levels, num_points, 2).
        attention_weights (Tensor): Shape (N, num_queries, num_heads,
            num_levels, num_points).

    Returns:
        Tensor: Shape (N, num_queries, num_heads * head_dim).

    Raises:
        ValueError: If the levels do not follow one another.
    """
    sizes = value_spatial_shapes.prod(1)
    starts = (sizes.cumsum(0) - sizes).tolist()
    if value_level_start_index.tolist() != starts:
        raise ValueError(
            'multi-scale deformable attention of mmcv-lite-ops needs levels '
            f'that begin at the keys {starts}, got '
            f'{value_level_start_index.tolist()}')
    return _attend(value, value_spatial_shapes, sampling_locations,
                   attention_weights)


def ms_deform_attn_backward(value: Tensor, value_spatial_shapes: Tensor,
                            value_level_start_index: Tensor,
                            sampling_locations: Tensor,
                            attention_weights: Tensor, grad_output: Tensor,
                            grad_value: Tensor, grad_sampling_loc: Tensor,
                            grad_attn_weight: Tensor,
                            im2col_step: int) -> None:
    """Add to the gradients of values, locations and weights."""
    value, locations, weights = (
        x.detach().requires_grad_()
        for x in (value, sampling_locations, attention_weights))
    with torch.enable_grad():
        output = _attend(value, value_spatial_shapes, locations, weights)
    grads = torch.autograd.grad(output, (value, locations, weights),
                                grad_output)
    into = grad_value, grad_sampling_loc, grad_attn_weight
    for target, grad in zip(into, grads):
        target += grad


def _attend(value: Tensor, spatial_shapes: Tensor, locations: Tensor,
            weights: Tensor) -> Tensor:
    # mmcv.ops imports this package's names while it is imported itself.
    from mmcv.ops.multi_scale_deform_attn import \
        multi_scale_deformable_attn_pytorch
    output = multi_scale_deformable_attn_pytorch(value, spatial_shapes,
                                                 locations, weights)
    # Under autocast the samples come in float32.
    return output.to(value.dtype)
