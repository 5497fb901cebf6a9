# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Sigmoid and softmax focal loss (RetinaNet, section 3).

``target`` (N, ) holds classes. Half precision is computed in float32.

MMCV's sigmoid kernel takes log(1 - p), which loses digits for logits above 10
and gives 87 instead of the logit above 17; here log-sigmoid is exact, as in
MMDetection's own PyTorch form. The softmax loss gets probabilities, and takes
their logarithm from the smallest normal float32 on, as MMCV's kernel.
"""
from typing import Tuple

import torch
import torch.nn.functional as F
from torch import Tensor

TINY = torch.finfo(torch.float32).tiny


def sigmoid_focal_loss_forward(input: Tensor, target: Tensor, weight: Tensor,
                               output: Tensor, gamma: float,
                               alpha: float) -> None:
    """Fill ``output`` (N, num_classes) with the losses.

    Args:
        input (Tensor): Logits, shape (N, num_classes).
        target (Tensor): Shape (N, ); ``num_classes`` is the background.
        weight (Tensor): Of the classes, shape (num_classes, ), or empty.
    """
    x, positive = _signed(input, target)
    factor = _factor(x, positive, alpha)
    loss = -factor * (-x).sigmoid()**gamma * F.logsigmoid(x)
    output.copy_(loss * _row_weight(weight, target)[:, None])


def sigmoid_focal_loss_backward(input: Tensor, target: Tensor, weight: Tensor,
                                grad_input: Tensor, gamma: float,
                                alpha: float) -> None:
    """Fill ``grad_input`` (N, num_classes) with the slopes of the losses."""
    x, positive = _signed(input, target)
    factor = _factor(x, positive, alpha)
    p, rest = x.sigmoid(), (-x).sigmoid()
    slope = factor * rest**gamma * (gamma * p * F.logsigmoid(x) - rest)
    sign = torch.where(positive, 1, -1)
    grad_input.copy_(sign * slope * _row_weight(weight, target)[:, None])


def softmax_focal_loss_forward(input: Tensor, target: Tensor, weight: Tensor,
                               output: Tensor, gamma: float,
                               alpha: float) -> None:
    """Fill ``output`` (N, ) with the losses.

    Args:
        input (Tensor): Probabilities, shape (N, num_classes).
        target (Tensor): Shape (N, ); what is negative is left out.
        weight (Tensor): Of the classes, shape (num_classes, ), or empty.
    """
    p = _of_target(input, target)
    loss = -alpha * (1 - p)**gamma * _log(p)
    output.copy_(loss * _row_weight(weight, target) * (target >= 0))


def softmax_focal_loss_backward(input: Tensor, target: Tensor, weight: Tensor,
                                buff: Tensor, grad_input: Tensor, gamma: float,
                                alpha: float) -> None:
    """Fill ``grad_input`` (N, num_classes), slopes by the logits.

    Raises:
        NotImplementedError: If a gradient of the gradient is asked for.
            MMCV's function, unlike the others, does not refuse it, and the
            compiled operator leaves terms out.
    """
    if torch.is_grad_enabled():
        raise NotImplementedError(
            'softmax_focal_loss has no second derivative; leave out '
            'create_graph=True')
    p = _of_target(input, target)
    slope = alpha * (gamma * (1 - p)**(gamma - 1) * p * _log(p) -
                     (1 - p)**gamma)
    buff.copy_(slope * _row_weight(weight, target) * (target >= 0))
    is_target = target[:, None] == torch.arange(
        input.shape[1], device=input.device)
    grad_input.copy_(buff[:, None] * (is_target.to(input) - input))


def _at_least_single(x: Tensor) -> Tensor:
    return x if x.dtype == torch.float64 else x.float()


def _signed(input: Tensor, target: Tensor) -> Tuple[Tensor, Tensor]:
    """Logits of what is right, and whether that is the class, (N, C)."""
    classes = torch.arange(input.shape[1], device=input.device)
    positive = target[:, None] == classes
    input = _at_least_single(input)
    return torch.where(positive, input, -input), positive


def _factor(x: Tensor, positive: Tensor, alpha: float) -> Tensor:
    """alpha of the right class, 1 - alpha of the others, (N, C)."""
    return x.new_tensor([1 - alpha, alpha])[positive.long()]


def _log(p: Tensor) -> Tensor:
    return p.clamp(min=TINY).log()


def _of_target(input: Tensor, target: Tensor) -> Tensor:
    """Probability of each row's target, shape (N, )."""
    column = target.clamp(min=0)[:, None]
    return _at_least_single(input).gather(1, column)[:, 0]


def _row_weight(weight: Tensor, target: Tensor) -> Tensor:
    """Weight of each row's target, shape (N, ).

    Raises:
        ValueError: If a row's target has no weight. MMCV's kernel reads past
            the end of the weights there.
    """
    if not weight.numel():
        return torch.ones_like(target, dtype=torch.float32)
    if target.numel() and int(target.max()) >= len(weight):
        raise ValueError(
            f'focal loss got weights of {len(weight)} classes and the target '
            f'{int(target.max())} (background); it has no weight for it')
    return _at_least_single(weight)[target.clamp(min=0)]
