# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Dict, List

# The datasets of ViTPose+ (arXiv 2212.04246), by the names that their
# metainfo gives them, in the order of their experts, each with its number of
# keypoints. The only place that knows the order.
EXPERT_DATASETS: Dict[str, int] = {
    'coco': 17,
    'aic': 14,
    'mpii': 16,
    'ap10k': 17,
    'apt36k': 17,
    'coco_wholebody': 133,
}


def expert_names(num_experts: int) -> List[str]:
    """Name the datasets of experts that have no names in their file.

    Args:
        num_experts: How many the model has. Six are taken for the published
            six; other sets are the user's own.
    """
    if num_experts == len(EXPERT_DATASETS):
        return list(EXPERT_DATASETS)
    return [f'expert{index}' for index in range(num_experts)]


def full_name(dataset: str) -> str:
    """Complete 'wholebody', as people call it, to 'coco_wholebody'."""
    return 'coco_wholebody' if dataset == 'wholebody' else dataset
