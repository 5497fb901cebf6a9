# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Dict, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from .matching import Match, Weights
from .oks import distance, oks
from .people import People
from .targets import Targets, share_in

# Of the varifocal loss (arXiv 2008.13367, eq. 2).
ALPHA, GAMMA = 0.75, 2.
# Queries with so many of their keypoints in a crowd are no negatives.
MOST_IN_CROWD = 0.5


def losses(layers: Sequence[People], targets: Targets, pairs: Match,
           counted: Tensor, num_people: Tensor,
           weights: Weights) -> Dict[str, Tensor]:
    """Compare people with their targets; sums over the layers, each the mean
    over the people.

    Args:
        layers: People after each of L layers.
        targets: Of B images.
        pairs: Who is whom.
        counted: Queries that count, bool, shape (B, N).
        num_people: What sums are divided by, a scalar.
        weights: Of the terms.

    Returns:
        ``score``: how well each score tells the OKS of its match, 0 without
        one; ``distance`` and ``oks`` of the labelled keypoints;
        ``visible``: whether each keypoint of a match is labelled.
    """
    keypoints, logits, visible = (
        torch.stack(part) for part in zip(*layers))
    found = pairs[:3]
    person = pairs.image, pairs.person
    own = keypoints[found]
    labels, labelled = targets.keypoints[person], targets.weights[person]
    similarity = oks(own, labels, labelled, targets.stds[person])

    quality = torch.zeros_like(logits)
    quality[found] = similarity.detach()
    is_match = torch.zeros_like(logits, dtype=torch.bool)
    is_match[found] = True
    counted = counted.expand_as(is_match)
    if targets.ignored is not None:
        crowded = share_in(targets.ignored, keypoints.detach())
        counted = counted & (crowded < MOST_IN_CROWD)
    terms = dict(
        score=varifocal(logits, quality, is_match, counted | is_match),
        distance=distance(own, labels, labelled,
                          targets.areas[person]).sum(),
        oks=(1 - similarity).sum(),
        visible=F.binary_cross_entropy_with_logits(
            visible[found], labelled, reduction='sum') / labelled.shape[1])
    return {
        name: term * getattr(weights, name) / num_people
        for name, term in terms.items()
    }


def varifocal(logits: Tensor, quality: Tensor, is_match: Tensor,
              counted: Tensor) -> Tensor:
    """Varifocal loss (arXiv 2008.13367, eq. 2), summed.

    Args:
        logits: Any shape.
        quality: OKS of those that are matched, in [0, 1].
        is_match: Those, bool.
        counted: What is summed, bool.
    """
    score = logits.detach().sigmoid()
    weight = torch.where(is_match, quality, ALPHA * score**GAMMA)
    each = F.binary_cross_entropy_with_logits(
        logits, quality, reduction='none')
    return (each * weight * counted).sum()
