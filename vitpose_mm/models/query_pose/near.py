# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Dict, Sequence, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor

from .matching import Weights
from .oks import distance, pose_terms
from .people import People
from .targets import Targets

# Distance of a first pose to a person, in units of its size, from which on it
# is another's.
NEAR = 1.
Indices = Tuple[Tensor, Tensor]


def near_losses(layers: Sequence[People], start: Tensor, targets: Targets,
                num_people: Tensor, weights: Weights) -> Dict[str, Tensor]:
    """Bring every query that begins on a person to it, in each layer.

    A matching lets one of them learn to find the person; what it learns of
    where the person is, the others may learn as well. As in MS-DETR (arXiv
    2401.03989) it costs no further queries; scores are left to the matching.

    Args:
        layers: People after each layer.
        start: Their first keypoints in pixels, shape (B, N, K, 2).
        targets: Of the images.
        num_people: What sums are divided by, a scalar.
        weights: Of the terms.

    Returns:
        ``distance`` and ``oks``, as ``losses`` has them, of which each person
        is as much as one match, however many queries are near.
    """
    query, person = near_people(start.detach(), targets)
    number = torch.zeros_like(targets.areas)
    number.index_put_(person, torch.ones_like(number[person]),
                      accumulate=True)
    keypoints = torch.stack([each.keypoints for each in layers])
    terms = pose_terms(keypoints[(slice(None), *query)], targets, person,
                       1 / number[person])
    return {
        name: term * getattr(weights, name) / num_people
        for name, term in terms.items()
    }


def near_people(start: Tensor, targets: Targets) -> Tuple[Indices, Indices]:
    """Queries that begin on a person, and the nearest one.

    Returns:
        Indices (image, query) and (image, person) of P pairs.
    """
    labels, labelled = targets.keypoints[:, None], targets.weights[:, None]
    away = distance(start[:, :, None], labels, labelled,
                    targets.areas[:, None])
    away = away.masked_fill(labelled.sum(-1) == 0, float('inf'))
    # There may be nobody.
    least = F.pad(away, (0, 1), value=NEAR).amin(2, keepdim=True)
    image, query, person = ((away < NEAR) & (away == least)).nonzero().unbind(
        1)
    return (image, query), (image, person)
