# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Dict, Optional

import torch
import torch.nn.functional as F
from torch import Tensor

from .criterion import ALPHA, GAMMA
from .matching import Weights
from .oks import distance, oks
from .proposals import Cells, Skeleton
from .targets import Targets, share_in

# Longer side of a person in units of area ** 0.5, about: a body fills a third
# of its box, which is a third higher than wide.
SIDE = 2.
# What a level that is twice too large or too small costs, in cells.
LEVEL_COST = 10.


def choose_cells(cells: Cells, targets: Targets) -> Tensor:
    """Cell at the middle of each person, of the level that fits its size.

    Returns:
        Shape (B, M).
    """
    away = middle_distance(cells, targets)
    wrong = (cells.sides / (SIDE * targets.areas.sqrt())[..., None]).log2()
    return (away + LEVEL_COST * wrong.abs()).argmin(2)


def middle_distance(cells: Cells, targets: Targets) -> Tensor:
    """How far each cell is from each person's middle, along the farther axis,
    in its own cells, shape (B, M, T)."""
    labelled = targets.weights[..., None]
    middles = (targets.keypoints * labelled).sum(2) / labelled.sum(2).clamp(
        min=1)
    away = (middles[:, :, None] - cells.centres).abs().amax(-1)
    return away / cells.strides


def proposal_losses(skeleton: Skeleton, cells: Cells, logits: Tensor,
                    targets: Targets, valid: Optional[Tensor],
                    num_people: Tensor, weights: Weights) -> Dict[str, Tensor]:
    """Teach the cell at the middle of each person to propose it.

    A matching would teach whatever cells are among the best already, which
    are none near people at first. Other cells near a middle are free.

    Args:
        skeleton: Whose people.
        cells: Of the images.
        logits: Of all cells, shape (B, T), float32.
        targets: Of the images.
        valid: Cells that lie in the image, bool, shape (B, T).
        num_people: What sums are divided by, a scalar.
        weights: Of the terms.

    Returns:
        ``score``, ``distance`` and ``oks``, as ``losses`` has them.
    """
    image, person = (targets.weights.sum(2) > 0).nonzero().unbind(1)
    own = choose_cells(cells, targets)[image, person]
    near = middle_distance(cells, targets) < 1
    near &= (targets.weights.sum(2) > 0)[..., None]
    counted = ~near.any(1)
    if valid is not None:
        counted &= valid
    if targets.ignored is not None:
        centres = cells.centres[None, :, None].expand(len(logits), -1, -1, -1)
        counted &= share_in(targets.ignored, centres) == 0
    is_person = torch.zeros_like(counted)
    is_person[image, own] = True
    target = is_person.to(logits)
    score = logits.detach().sigmoid()
    weight = torch.where(is_person, (1 - score)**GAMMA,
                         ALPHA * score**GAMMA * counted)
    each = F.binary_cross_entropy_with_logits(
        logits, target, reduction='none')
    keypoints = skeleton.pose_of(cells.tokens[image, own],
                                 cells.centres[own], cells.sides[own])
    labels, labelled = (part[image, person] for part in targets[:2])
    terms = dict(
        score=(each * weight).sum(),
        distance=distance(keypoints, labels, labelled,
                          targets.areas[image, person]).sum(),
        oks=(1 - oks(keypoints, labels, labelled,
                     targets.stds[image, person])).sum())
    return {
        name: term * getattr(weights, name) / num_people
        for name, term in terms.items()
    }
