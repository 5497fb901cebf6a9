# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Dict, Optional

import torch
from torch import Tensor

from .criterion import losses
from .denoising import Noised, match_noised
from .matching import Weights, match
from .near import near_losses
from .people import Refined
from .proposal_loss import proposal_losses
from .proposals import Skeleton
from .targets import Targets


def training_losses(refined: Refined, skeleton: Skeleton, targets: Targets,
                    noised: Optional[Noised], valid: Optional[Tensor],
                    num_people: Tensor,
                    weights: Weights) -> Dict[str, Tensor]:
    """Compare everything that a head says of images with their people.

    Args:
        refined: What it says.
        skeleton: Whose people.
        targets: Of the images.
        noised: The noised people among them.
        valid: Cells that lie in the image, bool, shape (B, T).
        num_people: What sums are divided by, a scalar.
        weights: Of the terms.

    Returns:
        '<term>' of the queries by the matching, 'near_<term>' of all that
        begin on a person, 'proposal_<term>' of cells, 'noised_<term>'.
    """
    layers = refined.layers
    everyone = torch.ones_like(layers[0].logits, dtype=torch.bool)
    terms = losses(layers, targets, match(layers, targets, weights),
                   everyone, num_people, weights)
    near = near_losses(layers, refined.start, targets, num_people, weights)
    first = proposal_losses(skeleton, refined.cells, refined.logits, targets,
                            valid, num_people, weights)
    terms.update({f'near_{key}': term for key, term in near.items()})
    terms.update({f'proposal_{key}': term for key, term in first.items()})
    if noised is not None:
        again = losses(
            refined.noised, targets._replace(ignored=None),
            match_noised(noised, len(refined.noised)), noised.real,
            num_people * noised.num_groups, weights)
        terms.update({f'noised_{key}': term for key, term in again.items()})
    return terms
