# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import re
from typing import Dict, List, Optional

import numpy as np

from .finding import WARNING, Finding

# At 0.5 a distance as large as the person still gives an OKS of 0.6.
LARGEST_SIGMA = 0.5


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
    findings = check_order(metainfo)
    if findings:
        return findings
    findings = check_swaps(metainfo) or check_names(metainfo)
    sigmas = np.atleast_1d(np.array(metainfo['sigmas'], dtype=float))
    if needs_sigmas and (len(sigmas) != number or not (sigmas > 0).all()):
        findings.append(
            Finding('sigmas', where, f'OKS needs {number} positive '
                    f"'sigmas', one per keypoint, not {sigmas.tolist()}",
                    'write them, for example 0.05 for each, or measure by '
                    'PCKAccuracy'))
    elif needs_sigmas and (sigmas > LARGEST_SIGMA).any():
        findings.append(
            Finding('sigmas-large', where, "'sigmas' up to "
                    f'{sigmas.max():g}, where those of COCO end at 0.107',
                    'predictions count as right as far from the keypoint as '
                    'the person is large', WARNING))
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


def check_order(metainfo: dict) -> List[Finding]:
    """Check that keypoints are numbered in their order: MMPose takes the
    numbers for places in some lists, the order in others."""
    keys = list(metainfo['keypoint_id2name'])
    if keys == list(range(metainfo['num_keypoints'])):
        return []
    return [
        Finding('keypoint-order',
                f"metainfo of {metainfo.get('dataset_name')}",
                f"'keypoint_info' has the keys {keys}, which are not 0, 1, 2, "
                '... in this order', 'flips and names would go to other '
                'keypoints; number them in the order of the annotations')
    ]


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


def check_names(metainfo: dict) -> List[Finding]:
    """Check that keypoints that are called left and right are a pair."""
    order, names = metainfo['flip_indices'], metainfo['keypoint_id2name']
    wrong = {}
    for index, partner in mirrored(metainfo['keypoint_name2id']).items():
        if order[index] != partner:
            wrong[index] = partner
    if not wrong:
        return []
    index = min(wrong)
    swap = 'nothing' if order[index] == index else \
        f"'{names[order[index]]}'"
    return [
        Finding('swap-names',
                f"metainfo of {metainfo.get('dataset_name')}",
                "keypoints do not 'swap' with the one of their name on the "
                f"other side (for example '{names[index]}' with {swap}, not "
                f"with '{names[wrong[index]]}')",
                'flipped pictures would get wrong labels: name each the '
                'other', WARNING, len(wrong), len(order))
    ]


def mirrored(indices: Dict[str, int]) -> Dict[int, int]:
    """Keypoints whose names differ in the word left or right alone.

    Args:
        indices: Of keypoints, by name.

    Returns:
        The index of the other one, by index.
    """
    partners = {}
    for name, index in indices.items():
        other = indices.get(other_side(name))
        if other is not None and other != index:
            partners[index] = other
    return partners


def other_side(name: str) -> Optional[str]:
    """A name with the words left and right exchanged, None without them."""
    words = dict(left='right', right='left', Left='Right', Right='Left',
                 LEFT='RIGHT', RIGHT='LEFT')
    other = re.sub('|'.join(words), lambda found: words[found[0]], name)
    return None if other == name else other
