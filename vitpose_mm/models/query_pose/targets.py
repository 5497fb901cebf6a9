# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import List, NamedTuple, Optional, Sequence

import torch
from mmpose.structures import PoseDataSample
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence


class Targets(NamedTuple):
    """People of B images, of whom the image with the most has M.

    Attributes:
        keypoints: (x, y) in pixels of the input, shape (B, M, K, 2).
        weights: 1 where a keypoint is labelled, shape (B, M, K); all 0 for
            what only fills up.
        stds: As in ``oks``, shape (B, M, K); 1 in what fills up.
        areas: In square pixels, shape (B, M); 1 in what fills up.
        numbers: People of each image.
        ignored: Where people are not labelled, bool, shape (B, h, w), a map
            of the image; None if everybody is.
    """

    keypoints: Tensor
    weights: Tensor
    stds: Tensor
    areas: Tensor
    numbers: List[int]
    ignored: Optional[Tensor] = None


def collect_targets(data_samples: Sequence[PoseDataSample]) -> Targets:
    """Collect what ``QueryPoseLabel`` and ``BottomupGetCrowdMask`` have
    put into samples of one kind of keypoints."""
    labels = [sample.gt_instance_labels for sample in data_samples]
    parts = [
        pad_sequence([label[name] for label in labels], True, fill)
        for name, fill in (('keypoint_labels', 0.), ('keypoint_weights', 0.),
                           ('keypoint_stds', 1.), ('areas', 1.))
    ]
    numbers = [len(label.areas) for label in labels]
    ignored = None
    if all('gt_fields' in sample for sample in data_samples):
        ignored = ~torch.cat(
            [sample.gt_fields.heatmap_mask for sample in data_samples])
    return Targets(*parts, numbers, ignored)


def share_in(ignored: Tensor, keypoints: Tensor) -> Tensor:
    """Share of each person's keypoints that lie where people are not
    labelled.

    Args:
        ignored: Shape (B, h, w), bool, a map of pixels.
        keypoints: In pixels, shape (..., B, N, K, 2).

    Returns:
        Shape (..., B, N).
    """
    num_images, h, w = ignored.shape
    x, y = keypoints.round().long().unbind(-1)
    inside = (x >= 0) & (x < w) & (y >= 0) & (y < h)
    image = torch.arange(num_images, device=ignored.device)[:, None, None]
    hit = ignored[image, y.clamp(0, h - 1), x.clamp(0, w - 1)] & inside
    return hit.float().mean(-1)
