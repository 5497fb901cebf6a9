# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Loops in float64 for the operators that MMCV compiles for GPUs only.

Written from the papers and from the comments of MMCV's kernels, apart from
``mmcv_lite_ops``; gradients come from autograd. All take what the functions
of mmcv.ops take.
"""
import math
from typing import Callable, Dict

import torch
import torch.nn.functional as F
from torch import Tensor


def roi_pool(input: Tensor, rois: Tensor, size: tuple,
             scale: float) -> Tensor:
    """Maximum of the pixels that each bin touches."""
    scale = rois.new_tensor(scale)
    height, width = input.shape[2:]
    rows = []
    for image, x1, y1, x2, y2 in rois:
        left, top = x1 * scale, y1 * scale
        bin_h = ((y2 + 1) * scale - top) / size[0]
        bin_w = ((x2 + 1) * scale - left) / size[1]
        for i in range(size[0]):
            for j in range(size[1]):
                y = range(
                    max(math.floor(top + i * bin_h), 0),
                    min(math.ceil(top + (i + 1) * bin_h), height))
                x = range(
                    max(math.floor(left + j * bin_w), 0),
                    min(math.ceil(left + (j + 1) * bin_w), width))
                pixels = [input[int(image), :, v, u] for v in y for u in x]
                rows.append(
                    torch.stack(pixels).max(0).values if pixels else
                    input.new_zeros(input.shape[1]))
    return torch.stack(rows).reshape(len(rois), *size, -1).permute(0, 3, 1, 2)


def ms_deform_attn(value: Tensor, shapes: Tensor, starts: Tensor,
                   locations: Tensor, weights: Tensor) -> Tensor:
    """Bilinear samples, one by one; zero outside."""
    batch, queries, heads, levels, points = weights.shape
    rows = []
    for n in range(batch):
        for q in range(queries):
            for m in range(heads):
                total = value.new_zeros(value.shape[3])
                for level in range(levels):
                    h, w = shapes[level].tolist()
                    for p in range(points):
                        x, y = locations[n, q, m, level, p] * \
                            value.new_tensor([w, h]) - 0.5
                        top, left = int(y.floor()), int(x.floor())
                        for v in (top, top + 1):
                            for u in (left, left + 1):
                                if 0 <= v < h and 0 <= u < w:
                                    key = int(starts[level]) + v * w + u
                                    total = total + value[n, key, m] * (
                                        1 - abs(y - v)) * (1 - abs(x - u)) * \
                                        weights[n, q, m, level, p]
                rows.append(total)
    return torch.stack(rows).view(batch, queries, -1)


def reduce(loss: Tensor, reduction: str, num: int) -> Tensor:
    if reduction == 'none':
        return loss
    return loss.sum() / (num if reduction == 'mean' else 1)


def sigmoid_focal_loss(logits: Tensor, target: Tensor, gamma: float,
                       alpha: float, weight: Tensor,
                       reduction: str) -> Tensor:
    one_hot = F.one_hot(target, 6)[:, :5].to(logits)
    signed = torch.where(one_hot > 0, logits, -logits)
    factor = one_hot * alpha + (1 - one_hot) * (1 - alpha)
    loss = -factor * (-signed).sigmoid()**gamma * F.logsigmoid(signed)
    if weight is not None:
        loss = loss * weight[target][:, None]
    return reduce(loss, reduction, len(logits))


def softmax_focal_loss(logits: Tensor, target: Tensor, gamma: float,
                       alpha: float, weight: Tensor,
                       reduction: str) -> Tensor:
    log_p = F.log_softmax(logits, 1).gather(1, target[:, None])[:, 0]
    loss = -alpha * (1 - log_p.exp())**gamma * log_p
    if weight is not None:
        loss = loss * weight[target]
    return reduce(loss, reduction, len(logits))


def reference(operator: str, options: Dict[str, object]) -> Callable:
    """Function of the inputs of a case."""
    if operator == 'roi_pool':
        return lambda x, rois: roi_pool(x, rois, options['size'],
                                        options['scale'])
    if operator == 'ms_deform_attn':
        return ms_deform_attn
    loss = globals()[operator]
    return lambda x, target, *weight: loss(
        x, target, options['gamma'], options['alpha'], *
        (weight or (None, )), options['reduction'])
