# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Non-maximum suppression, hard and soft.

Boxes have the shape (N, 4) as (x1, y1, x2, y2). With ``offset`` 1 the last
pixel belongs to a box: its width is x2 - x1 + 1.
"""
from typing import List

import numpy as np
import torch
import torchvision
from torch import Tensor


def nms(boxes: Tensor, scores: Tensor, iou_threshold: float,
        offset: int) -> Tensor:
    """Indices of the boxes to keep, best first.

    Drops what overlaps a better box by more than ``iou_threshold``.

    Returns:
        Tensor: Shape (num_keep, ), int64, on the boxes' device.
    """
    if offset == 0:
        # torchvision adds no offset, and has a kernel for each device. It
        # takes equal scores in order, and the threshold as a double: an IoU
        # that is the threshold in float32 could exceed it.
        order = scores.sort(descending=True).indices
        threshold = float(np.float32(iou_threshold))
        return order[torchvision.ops.nms(boxes[order], scores[order],
                                         threshold)]
    groups = _suppress(boxes, scores, offset,
                       lambda iou: iou > np.float32(iou_threshold))
    return torch.tensor([group[0] for group in groups],
                        dtype=torch.long,
                        device=boxes.device)


def nms_match(dets: Tensor, iou_threshold: float) -> List[List[int]]:
    """Indices of each kept box, followed by those that it drops.

    Unlike :func:`nms` it also drops at an overlap of ``iou_threshold``.

    Args:
        dets (Tensor): Shape (N, 5), the last column is the score.
    """
    return _suppress(dets[:, :4], dets[:, 4], 0,
                     lambda iou: iou >= np.float32(iou_threshold))


def softnms(boxes: Tensor, scores: Tensor, dets: Tensor, iou_threshold: float,
            sigma: float, min_score: float, method: int,
            offset: int) -> Tensor:
    """Lower the scores of what overlaps better boxes.

    Args:
        boxes (Tensor): Shape (N, 4), on the CPU as the other tensors.
        scores (Tensor): Shape (N, ).
        dets (Tensor): Shape (N, 5), is filled: the kept boxes with their new
            scores, best first.
        method (int): 0 drops as :func:`nms`, 1 multiplies the score by
            1 - IoU where the IoU reaches the threshold, 2 by
            exp(-IoU^2 / sigma) everywhere.
        min_score (float): What falls below is dropped.

    Returns:
        Tensor: Indices of the kept boxes, shape (num_keep, ), int64.
    """
    corners, score = boxes.numpy().copy(), scores.numpy().copy()
    index = np.arange(len(corners))
    out = dets.numpy()
    num = len(corners)
    kept = 0
    while kept < num:
        best = kept
        if not np.isnan(score[kept]):
            best += np.nanargmax(score[kept:num])
        for values in (corners, score, index):
            values[[kept, best]] = values[[best, kept]]
        out[kept, :4], out[kept, 4] = corners[kept], score[kept]
        rest = slice(kept + 1, num)
        iou = _iou(corners[kept], corners[rest], offset)
        score[rest] *= _decay(iou, iou_threshold, sigma, method)
        # MMCV moves the last survivor into each gap: the order decides which
        # of two equal scores comes first.
        order = kept + 1 + _close_gaps(~(score[rest] < np.float32(min_score)))
        for values in (corners, score, index):
            values[kept + 1:kept + 1 + len(order)] = values[order]
        kept += 1
        num = kept + len(order)
    return torch.from_numpy(index[:num])


def _suppress(boxes: Tensor, scores: Tensor, offset: int,
              drops) -> List[List[int]]:
    """Groups of a kept box and what it drops, in order of the score."""
    corners = boxes.detach().cpu().numpy()
    order = scores.sort(descending=True).indices.cpu().numpy()
    groups = []
    while len(order):
        first, rest = order[0], order[1:]
        dropped = drops(_iou(corners[first], corners[rest], offset))
        groups.append([int(first), *rest[dropped].tolist()])
        order = rest[~dropped]
    return groups


def _iou(box: np.ndarray, others: np.ndarray, offset: int) -> np.ndarray:
    """Of one box (4, ) with others (N, 4), in the boxes' precision."""
    low = np.maximum(box[:2], others[:, :2])
    high = np.minimum(box[2:], others[:, 2:])
    inter = np.maximum(high - low + offset, 0).prod(1)
    area = (box[2:] - box[:2] + offset).prod()
    areas = (others[:, 2:] - others[:, :2] + offset).prod(1)
    with np.errstate(divide='ignore', invalid='ignore'):
        return inter / (area + areas - inter)


def _decay(iou: np.ndarray, iou_threshold: float, sigma: float,
           method: int) -> np.ndarray:
    """Factors of the scores."""
    if method == 2:
        exponent = -(iou * iou) / np.float32(sigma)
        return np.exp(exponent.astype(np.float64)).astype(iou.dtype)
    reached = iou >= np.float32(iou_threshold)
    return np.where(reached, 0 if method == 0 else 1 - iou, 1)


def _close_gaps(alive: np.ndarray) -> np.ndarray:
    """Positions of the survivors, the last ones moved into the gaps."""
    num = alive.sum()
    order = np.arange(num)
    gaps = np.flatnonzero(~alive[:num])
    order[gaps] = (num + np.flatnonzero(alive[num:]))[::-1]
    return order
