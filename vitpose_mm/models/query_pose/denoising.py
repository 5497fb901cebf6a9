# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import math
from typing import NamedTuple, Optional

import torch
from torch import Tensor

from .matching import Match
from .targets import Targets

# Similarity of a noised keypoint to its own: of those that are to be found
# again, and of those that are to be rejected (DETRPose, arXiv 2506.13027).
POSITIVE, NEGATIVE = (0.5, 1.), (0.1, 0.5)


class Noised(NamedTuple):
    """People of the annotations, moved, which the decoder is to bring back.

    Attributes:
        keypoints: Shape (B, D, K, 2), in pixels.
        real: Those that do not only fill up, bool, shape (B, D).
        positive: Those that are to be found, int64: of the D.
        person: Whom each of the D is made of, shape (D, ).
        group: Group of each of the D, which see each other only, (D, ).
        num_groups: Number of groups.
    """

    keypoints: Tensor
    real: Tensor
    positive: Tensor
    person: Tensor
    group: Tensor
    num_groups: int


def noise(targets: Targets, number: int) -> Optional[Noised]:
    """Move the people of B images.

    Each keypoint goes in a direction and by a distance of its own, so far
    that its similarity to where it was is evenly distributed. A keypoint
    without label starts at the mean of the others.

    Args:
        targets: Of the images.
        number: People to make of an image's, about; two per person at least.

    Returns:
        The people, None if there is nobody.
    """
    _, num_people, num_keypoints = targets.weights.shape
    if not num_people or not number:
        return None
    num_groups = max(1, number // (2 * num_people))
    device = targets.keypoints.device
    person = torch.arange(num_people, device=device).repeat(2 * num_groups)
    group = torch.arange(
        num_groups, device=device).repeat_interleave(2 * num_people)
    # In each group first the positive ones.
    is_positive = torch.arange(
        2 * num_people, device=device).repeat(num_groups) < num_people
    labelled = targets.weights[..., None]
    means = (targets.keypoints * labelled).sum(2, True) / labelled.sum(
        2, True).clamp(min=1)
    starts = torch.where(labelled > 0, targets.keypoints, means)[:, person]
    low, high = (
        torch.where(is_positive, *(starts.new_tensor(bounds[side])
                                   for bounds in (POSITIVE, NEGATIVE)))
        for side in range(2))
    shape = starts.shape[:3]
    similarity = low[:, None] + (high - low)[:, None] * torch.rand(
        shape, device=device)
    length = (-2 * similarity.clamp(min=1e-6).log()).sqrt() * \
        targets.stds[:, person]
    angle = 2 * math.pi * torch.rand(shape, device=device)
    moves = torch.stack([angle.cos(), angle.sin()], -1) * length[..., None]
    return Noised(starts + moves, (targets.weights.sum(2) > 0)[:, person],
                  is_positive.nonzero()[:, 0], person, group, num_groups)


def attention_mask(noised: Noised, num_queries: int) -> Tensor:
    """Which person (rows) may see which: queries see queries, a group of
    noised people itself.

    Returns:
        Shape (B, N + D, N + D), bool. What only fills up is seen by itself
        alone, so that no row is empty.
    """
    group = torch.cat(
        [noised.group.new_full((num_queries, ), -1), noised.group])
    real = torch.cat([
        noised.real.new_ones(len(noised.real), num_queries), noised.real
    ], 1)
    same = group[:, None] == group
    return same & (real[:, None] | torch.eye(
        len(group), dtype=torch.bool, device=group.device))


def match_noised(noised: Noised, num_layers: int) -> Match:
    """Pairs of the positive ones with whom they are made of, in L layers."""
    images, columns = noised.real[:, noised.positive].nonzero().unbind(1)
    queries = noised.positive[columns]
    layers = torch.arange(num_layers, device=queries.device)
    return Match(
        layers.repeat_interleave(len(queries)),
        *(part.repeat(num_layers)
          for part in (images, queries, noised.person[queries])))
