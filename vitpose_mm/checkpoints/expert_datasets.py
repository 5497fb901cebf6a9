# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Dict

# The datasets of ViTPose+ (arXiv 2212.04246) in the order of their experts,
# each with its number of keypoints. The only place that knows the order.
EXPERT_DATASETS: Dict[str, int] = {
    'coco': 17,
    'aic': 14,
    'mpii': 16,
    'ap10k': 17,
    'apt36k': 17,
    'wholebody': 133,
}


def expert_name(index: int, num_experts: int) -> str:
    """Name the dataset of an expert.

    Args:
        index: Position of the expert, from 0.
        num_experts: How many the model has. Six are taken for the published
            six; other sets are the user's own.

    Returns:
        A key of EXPERT_DATASETS or 'expert<index>'.
    """
    if num_experts == len(EXPERT_DATASETS):
        return list(EXPERT_DATASETS)[index]
    return f'expert{index}'


def expert_index(name: str) -> int:
    """Position of a dataset's expert: the inverse of expert_name."""
    if name in EXPERT_DATASETS:
        return list(EXPERT_DATASETS).index(name)
    return int(name[len('expert'):])
