# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import torch

from .layouts import StateDict, datasets_of, is_joint
from .layouts.common import EXPERT
from .read import CheckpointError
from .report import Report


def fold_dataset(state_dict: StateDict, dataset: str,
                 report: Report) -> StateDict:
    """Make a plain ViT for one dataset of a joint ViTPose+ file.

    A block's feed-forward output is the shared channels of fc2, then those
    of the dataset's expert (arXiv 2212.04246, section 3.3); stacking the two
    linear maps gives the same numbers in the same order.

    Args:
        state_dict: Joint, in our layout.
        dataset: Whose expert and head to take.
        report: Gets what is folded and ignored.

    Returns:
        Dense, in our layout; without a head if the file has none for it.

    Raises:
        CheckpointError: If the file is not joint or lacks the dataset.
    """
    if not is_joint(state_dict):
        raise CheckpointError(
            f'{report.source} has no experts: it is for one dataset already; '
            'leave --dataset away')
    names = datasets_of(state_dict)
    if dataset not in names:
        raise CheckpointError(f"{report.source} has no expert for '{dataset}';"
                              f" it has {', '.join(names)}")
    index, head, dense = names.index(dataset), f'heads.{dataset}.', {}
    for key, tensor in state_dict.items():
        if '.mlp.fc2.' in key:
            expert = key.replace('.fc2.', f'.experts.{index}.')
            if expert not in state_dict:
                raise CheckpointError(
                    f'{report.source} is incomplete: it has no {expert}')
            dense[key] = torch.cat([tensor, state_dict[expert]])
        elif key.startswith(head):
            dense[f'head.{key[len(head):]}'] = tensor
        elif not key.startswith('heads.') and not EXPERT.search(key):
            dense[key] = tensor
    report.folded.append(f'expert of {dataset} joined to fc2 of each block')
    report.ignored.append(f'experts and heads of {len(names) - 1} other '
                          'datasets')
    if not any(key.startswith('head.') for key in dense):
        report.missing.append(
            f'head of {dataset}: the file holds none, so only the backbone '
            'is written')
    return dense
