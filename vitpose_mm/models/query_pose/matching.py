# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import List, NamedTuple, Sequence

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from .oks import distance, oks
from .people import People
from .targets import Targets


class Weights(NamedTuple):
    """How much each term counts, in matching and in the loss."""

    score: float
    distance: float
    oks: float
    visible: float


class Match(NamedTuple):
    """Who is whom, for pairs of all layers and images.

    Attributes:
        layer, image, query, person: Indices of each pair, shape (P, ).
    """

    layer: Tensor
    image: Tensor
    query: Tensor
    person: Tensor


def costs(people: People, targets: Targets, weights: Weights) -> Tensor:
    """Cost of taking each of N queries for each of M people.

    Args:
        people: Of shape (L, B, N, ...).
        targets: Of B images.
        weights: Of the terms.

    Returns:
        Shape (L, B, N, M).
    """
    score = people.logits.sigmoid()[..., None]
    # What the focal loss (arXiv 1708.02002) of a match is more than that of
    # none, as in Deformable DETR.
    focal = 0.25 * (1 - score)**2 * -(score + 1e-8).log() - \
        0.75 * score**2 * -(1 - score + 1e-8).log()
    keypoints = people.keypoints[..., None, :, :]
    labels, labelled, stds = (part[:, None] for part in targets[:3])
    return (weights.score * focal +
            weights.distance * distance(keypoints, labels, labelled,
                                        targets.areas[:, None]) +
            weights.oks * (1 - oks(keypoints, labels, labelled, stds)))


@torch.no_grad()
def match(layers: Sequence[People], targets: Targets,
          weights: Weights) -> Match:
    """Assign to each person its own query, at the least total cost.

    MMDetection's HungarianAssigner takes one image and one layer at a time,
    and waits for the device at each; here all costs come to the host at once.

    Args:
        layers: Of L layers.
        targets: Of B images.
        weights: Of the terms.

    Returns:
        At most as many pairs per layer and image as it has queries.
    """
    people = People(*(torch.stack(part) for part in zip(*layers)))
    cost = costs(people, targets, weights)
    device = cost.device
    # A model that has broken down is NaNHook's business.
    cost = cost.nan_to_num(1e4, 1e4, -1e4).cpu().numpy()
    rows: List[List[int]] = []
    for layer, images in enumerate(cost):
        for image, (each, number) in enumerate(zip(images, targets.numbers)):
            for query, person in zip(
                    *linear_sum_assignment(each[:, :number])):
                rows.append([layer, image, query, person])
    pairs = torch.tensor(rows, dtype=torch.int64).reshape(-1, 4)
    return Match(*pairs.T.to(device, non_blocking=True))
