# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Sigmoid and softmax focal loss (RetinaNet, section 3).

``target`` (N, ) holds classes. Logarithms are taken of no less than the
smallest normal float32, as MMCV's kernels do, so that a sure and wrong
prediction has a finite loss. Half precision is computed in float32.
"""
import torch
from torch import Tensor

from .single import single

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
    p, positive = _probability(input, target)
    gamma, alpha = single(gamma), single(alpha)
    loss = torch.where(positive, -alpha * (1 - p)**gamma * _log(p),
                       (alpha - 1) * p**gamma * _log(1 - p))
    output.copy_(loss * _row_weight(weight, target)[:, None])


def sigmoid_focal_loss_backward(input: Tensor, target: Tensor, weight: Tensor,
                                grad_input: Tensor, gamma: float,
                                alpha: float) -> None:
    """Fill ``grad_input`` (N, num_classes) with the slopes of the losses."""
    p, positive = _probability(input, target)
    gamma, alpha = single(gamma), single(alpha)
    slope = torch.where(
        positive, -alpha * (1 - p)**gamma * (1 - p - gamma * p * _log(p)),
        (alpha - 1) * p**gamma * (gamma * (1 - p) * _log(1 - p) - p))
    grad_input.copy_(slope * _row_weight(weight, target)[:, None])


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
    loss = -single(alpha) * (1 - p)**single(gamma) * _log(p)
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
    gamma, alpha = single(gamma), single(alpha)
    p = _of_target(input, target)
    slope = alpha * (gamma * (1 - p)**(gamma - 1) * p * _log(p) -
                     (1 - p)**gamma)
    buff.copy_(slope * _row_weight(weight, target) * (target >= 0))
    is_target = target[:, None] == torch.arange(
        input.shape[1], device=input.device)
    grad_input.copy_(buff[:, None] * (is_target.to(input) - input))


def _at_least_single(x: Tensor) -> Tensor:
    return x if x.dtype == torch.float64 else x.float()


def _log(p: Tensor) -> Tensor:
    return p.clamp(min=TINY).log()


def _probability(input: Tensor, target: Tensor):
    """Probability of each class and whether it is the target, (N, C)."""
    classes = torch.arange(input.shape[1], device=input.device)
    return _at_least_single(input).sigmoid(), target[:, None] == classes


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
