# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from torch import Tensor


def keypoint_similarity(square: Tensor, stds: Tensor) -> Tensor:
    """COCO's similarity of two keypoints whose squared distance is
    ``square``; ``stds`` are distances at which it is exp(-1 / 2)."""
    return (-square / (2 * stds**2)).exp()


def oks(keypoints: Tensor, labels: Tensor, weights: Tensor,
        stds: Tensor) -> Tensor:
    """Object keypoint similarity, as COCO's evaluation computes it.

    Args:
        keypoints: Shape (..., K, 2).
        labels: Shape (..., K, 2).
        weights: 1 where a keypoint is labelled, 0 elsewhere, shape (..., K).
        stds: 2 * sigma * area ** 0.5, in the unit of the keypoints, shape
            (..., K).

    Returns:
        Mean over the labelled keypoints, 0 without any, shape (...).
    """
    square = ((keypoints - labels)**2).sum(-1)
    similarity = keypoint_similarity(square, stds)
    return (similarity * weights).sum(-1) / weights.sum(-1).clamp(min=1)


def distance(keypoints: Tensor, labels: Tensor, weights: Tensor,
             areas: Tensor) -> Tensor:
    """L1 distance in units of the person's size, area ** 0.5; mean over the
    labelled keypoints. Arguments as in ``oks``, areas of shape (...)."""
    apart = (keypoints - labels).abs().sum(-1)
    return (apart * weights).sum(-1) / (
        weights.sum(-1).clamp(min=1) * areas.sqrt())
