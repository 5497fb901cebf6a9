# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import List

import numpy as np

from .finding import WARNING, Finding


def check_metainfo(metainfo: dict, needs_sigmas: bool,
                   needs_weights: bool) -> List[Finding]:
    """Check a dataset's parsed metainfo.

    Args:
        metainfo: As MMPose's datasets hold it.
        needs_sigmas: Whether a metric computes OKS.
        needs_weights: Whether the loss is weighted by ``joint_weights``.
    """
    name = metainfo.get('dataset_name')
    where = f'metainfo of {name}'
    number = metainfo['num_keypoints']
    findings = check_swaps(metainfo)
    sigmas = np.array(metainfo['sigmas'], dtype=float)
    if needs_sigmas and (len(sigmas) != number or not (sigmas > 0).all()):
        findings.append(
            Finding('sigmas', where, f'OKS needs {number} positive '
                    f"'sigmas', one per keypoint, not {sigmas.tolist()}",
                    'write them, for example 0.05 for each, or measure by '
                    'PCKAccuracy'))
    weights = np.array(metainfo['dataset_keypoint_weights'])
    if needs_weights and len(weights) != number:
        findings.append(
            Finding('joint-weights', where,
                    f"{len(weights)} 'joint_weights' for {number} keypoints",
                    'write one for each'))
    if needs_weights and name in ('ap10k', 'apt36k'):
        findings.append(
            Finding('joint-weights-order', where,
                    "'joint_weights' are in the order of "
                    "COCO's keypoints, in MMPose's file for AP-10K, so paws "
                    'and shoulders get each other\'s weights', 'leave '
                    'use_dataset_keypoint_weights off', WARNING))
    return findings


def check_swaps(metainfo: dict) -> List[Finding]:
    """Check that a flip and another one give the first picture."""
    order = metainfo['flip_indices']
    names = metainfo['keypoint_id2name']
    wrong = [index for index, partner in enumerate(order)
             if order[partner] != index]
    if not wrong:
        return []
    index = wrong[0]
    partner = order[index]
    return [
        Finding('swap-one-sided',
                f"metainfo of {metainfo.get('dataset_name')}",
                f"keypoints have a one-sided 'swap' (for example "
                f"'{names[index]}' swaps with '{names[partner]}', but that "
                f"with '{names[order[partner]]}')",
                'flipped pictures would get wrong labels: name each the '
                'other', count=len(wrong), total=len(order))
    ]
