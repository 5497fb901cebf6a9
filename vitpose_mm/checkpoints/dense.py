# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import torch

from .expert_datasets import full_name
from .fold_names import fold_names
from .names import StateDict, datasets_of, ffn_of, is_joint, named_heads
from .read import CheckpointError
from .report import Report

PARTS = ('fc1.weight', 'fc1.bias', 'fc2.weight', 'fc2.bias')


def fold_dataset(state_dict: StateDict, dataset: str,
                 report: Report) -> StateDict:
    """Make a plain ViT for one dataset of a joint ViTPose+ file.

    Whatever the kind of experts, the two linear maps that a sample meets are
    stacked (arXiv 2212.04246, section 3.3), so the outputs stay. Without
    experts, of several heads on one ViT one is kept.

    Args:
        state_dict: Joint, in our layout.
        dataset: Whose expert and head to take.
        report: Gets what is folded and ignored.

    Returns:
        Dense, in our layout; without a head if the file has none for it.

    Raises:
        CheckpointError: If the file is of one dataset or lacks this one.
    """
    joint = is_joint(state_dict)
    names = datasets_of(state_dict) if joint else named_heads(state_dict)
    dataset = full_name(dataset)
    if not names:
        raise CheckpointError(
            f'{report.source} has neither experts nor several heads: it is '
            'for one dataset already; choose none')
    if dataset not in names:
        part = 'expert' if joint else 'head'
        raise CheckpointError(f"{report.source} has no {part} for '{dataset}';"
                              f" it has {', '.join(names)}")
    head = f'heads.{dataset}.'
    state_dict = fold_names(state_dict, dataset, report.source)
    dense = {}
    if joint:
        dense = fold_networks(state_dict, names.index(dataset), report.source)
        report.folded.append(
            f'expert of {dataset} joined to the network of each block')
    for key, tensor in state_dict.items():
        if key.startswith(head):
            dense[f'head.{key[len(head):]}'] = tensor
        elif not key.startswith('heads.') and not (joint and '.mlp.' in key):
            dense[key] = tensor
    report.ignored.append(f'{"experts and heads" if joint else "heads"} of '
                          f'{len(names) - 1} other datasets')
    if not any(key.startswith('head.') for key in dense):
        report.missing.append(
            f'head of {dataset}: the file holds none, so only the backbone '
            'is taken')
    return dense


def fold_networks(state_dict: StateDict, index: int,
                  source: str) -> StateDict:
    """Make the feed-forward networks of all blocks for one expert.

    Raises:
        CheckpointError: If a tensor is missing.
    """
    kind, dense = ffn_of(state_dict), {}
    blocks = {key.split('.mlp.')[0] for key in state_dict if '.mlp.' in key}
    for block in sorted(blocks):
        shared = f'{block}.mlp.'
        own = f'{shared}experts.{index}.'
        try:
            if kind == 'partial':
                tensors = fold_partial(state_dict, shared, own)
            elif kind == 'independent':
                tensors = {part: state_dict[own + part] for part in PARTS}
            else:
                tensors = fold_shared(state_dict, shared, own)
        except KeyError as error:
            name = error.args[0]
            raise CheckpointError(
                f'{source} is incomplete: it has no {name}') from error
        dense.update(
            {f'{shared}{part}': tensor for part, tensor in tensors.items()})
    return dense


def fold_partial(state_dict: StateDict, shared: str, own: str) -> StateDict:
    """Shared channels of fc2 first, then the expert's."""
    fc1 = {part: state_dict[shared + part] for part in PARTS[:2]}
    return fc1 | {
        part: torch.cat([
            state_dict[shared + part], state_dict[own + part.split('.')[1]]
        ])
        for part in PARTS[2:]
    }


def fold_shared(state_dict: StateDict, shared: str, own: str) -> StateDict:
    """Hidden channels of both networks side by side; their outputs add."""
    parts = {part: (state_dict[shared + part], state_dict[own + part])
             for part in PARTS}
    return {
        'fc1.weight': torch.cat(parts['fc1.weight']),
        'fc1.bias': torch.cat(parts['fc1.bias']),
        'fc2.weight': torch.cat(parts['fc2.weight'], dim=1),
        'fc2.bias': sum(bias.float() for bias in parts['fc2.bias'])
    }
