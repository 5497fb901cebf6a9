# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Optional, Sequence

import numpy as np
import torch
from mmengine.structures import InstanceData
from mmpose.structures import PoseDataSample
from torch import Tensor

# A keypoint is visible with this probability.
VISIBLE = 0.5


def cells_in_images(data_samples: Sequence[PoseDataSample],
                    levels: Sequence[Tensor],
                    strides: Sequence[int]) -> Optional[Tensor]:
    """Find the cells that do not lie in what was added to an image so that
    all of a batch are as large.

    Args:
        data_samples: B samples with ``input_size`` (w, h) in pixels.
        levels: Maps (B, C, h, w) of the batch.
        strides: Of each.

    Returns:
        Bool, shape (B, T), level after level, row by row; None if all are.
    """
    h, w = (side * strides[0] for side in levels[0].shape[2:])
    sizes = [tuple(sample.metainfo.get('input_size', (w, h)))
             for sample in data_samples]
    if all(size == (w, h) for size in sizes):
        return None
    # On the host, so that nothing waits for the device.
    valid = []
    for level, stride in zip(levels, strides):
        y, x = ((torch.arange(side) + 0.5) * stride
                for side in level.shape[2:])
        valid.append(
            torch.stack([
                ((y < size[1])[:, None] & (x < size[0])).flatten()
                for size in sizes
            ]))
    return torch.cat(valid, 1).to(levels[0].device, non_blocking=True)


def check_strides(data_samples: Sequence[PoseDataSample],
                  levels: Sequence[Tensor], strides: Sequence[int]) -> None:
    """Refuse strides with which all keypoints would be off by a factor.

    Args:
        data_samples: All of a batch, with ``batch_input_shape`` (h, w), of
            the padded images, or ``input_size`` (w, h) in pixels.
        levels: Maps (B, C, h, w) of the batch.
        strides: Of each.

    Raises:
        ValueError: If they cannot be those of the maps.
    """
    sides = [max(level.shape[2:]) for level in levels]
    known = [max(max(sample.metainfo.get(key, (0, )))
                 for sample in data_samples)
             for key in ('batch_input_shape', 'input_size')
             ] if len(data_samples) else [0, 0]
    longest = known[0] or known[1]
    # Padding that is not known is less than the images.
    most = known[0] or 2 * longest - 1
    fits = len(levels) == len(strides)
    if fits and longest:
        # Cells that are not whole are missing, the finer ones with them.
        fits = all(longest - max(strides) < side * stride <= most
                   for side, stride in zip(sides, strides))
    if not fits:
        raise ValueError(
            f'strides={tuple(strides)} of QueryPoseHead do not fit the '
            f"neck's maps, whose longer sides have {sides} cells, for images "
            f'of up to {longest} pixels: give one stride per map, in pixels '
            'of the image per cell')


def best_first(people: InstanceData, scores: np.ndarray,
               score_thr: float) -> InstanceData:
    """Sort the people of an image, and leave out who is not sure.

    Args:
        people: N with ``keypoints`` and ``keypoint_scores``; gets
            ``bbox_scores`` and ``bboxes``.
        scores: Of each, shape (N, ).
        score_thr: What a score must exceed.
    """
    people.bbox_scores = scores
    people.bboxes = box_of(people.keypoints, people.keypoint_scores, scores)
    people = people[(-scores).argsort(kind='stable')]
    return people[people.bbox_scores > score_thr]


def box_of(keypoints: np.ndarray, keypoint_scores: np.ndarray,
           scores: np.ndarray) -> np.ndarray:
    """Box (x1, y1, x2, y2) around the visible keypoints of each person, of
    all if fewer than two are.

    Args:
        keypoints: Shape (N, K, 2).
        keypoint_scores: Shape (N, K), times those of their people.
        scores: Of people, shape (N, ).
    """
    visible = keypoint_scores > VISIBLE * scores[:, None]
    visible |= visible.sum(1, keepdims=True) < 2
    away = np.where(visible[..., None], 0, np.inf)
    return np.concatenate([(keypoints + away).min(1), (keypoints - away).max(1)
                           ], 1).astype(np.float32)
