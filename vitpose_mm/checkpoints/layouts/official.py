# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""The official ViTPose and ViTPose+ code's layout; easy_ViTPose's is equal.

``backbone.*`` in our names, but with one more position slot that is added to
all others; ``keypoint_head.*`` and, with several datasets,
``associate_keypoint_heads.<i>.*``.
"""
import re

import torch
from torch import Tensor

from ..expert_datasets import EXPERT_DATASETS, expert_names
from ..report import Report, count_names
from .common import (EXPERT, VIT_PARTS, StateDict, datasets_of, is_joint,
                     num_experts, num_extra_slots, sort_heads, vit_prefix)

HEAD = 'keypoint_head.'
ASSOCIATE = re.compile(r'associate_keypoint_heads\.(\d+)\.(.+)')


def matches(state_dict: StateDict) -> bool:
    """Whether the names and shapes are the official ones."""
    prefix = vit_prefix(state_dict)
    if prefix is None:
        return False
    if any(key.startswith(HEAD) for key in state_dict):
        return prefix == 'backbone.'
    # A backbone alone shows its origin only in the additional slot. Ours has
    # heads called so where it is a whole model.
    return (f'{prefix}last_norm.weight' in state_dict
            and not any(key.startswith(('head.', 'heads.'))
                        for key in state_dict)
            and num_extra_slots(state_dict[f'{prefix}pos_embed'].shape[1]) > 0)


def to_ours(state_dict: StateDict, report: Report) -> StateDict:
    """Translate to our layout; a joint file stays joint.

    Args:
        state_dict: Official names.
        report: Gets what is folded and ignored.
    """
    prefix = vit_prefix(state_dict)
    joint, count = is_joint(state_dict, prefix), num_experts(state_dict)
    names = expert_names(count)
    main_head = f'heads.{names[0]}.' if joint else 'head.'
    ours, ignored = {}, []
    for key, tensor in state_dict.items():
        name = key[len(prefix):] if key.startswith(prefix) else ''
        if name.split('.')[0] in VIT_PARTS and (joint
                                                or not EXPERT.match(name)):
            ours[f'backbone.{name}'] = tensor
        elif key.startswith(HEAD):
            ours[main_head + key[len(HEAD):]] = tensor
        elif joint and ASSOCIATE.match(key):
            index, name = ASSOCIATE.match(key).groups()
            ours[f'heads.{names[int(index) + 1]}.{name}'] = tensor
        else:
            ignored.append(key)
    note_ignored(report, ignored, prefix)
    cut_heads(ours, report)
    ours['backbone.pos_embed'] = fold_slot(ours['backbone.pos_embed'], report)
    return sort_heads(ours, names)


def note_ignored(report: Report, ignored: list, prefix: str) -> None:
    """Group ignored names for the table."""
    experts = [key for key in ignored if EXPERT.search(key)]
    heads = [key for key in ignored if ASSOCIATE.match(key)]
    others = [key for key in ignored if key not in {*experts, *heads}]
    if experts:
        report.ignored.append(
            f'{len(experts)} leftover expert tensors of ViTPose+; the expert '
            'of this file is already part of fc2')
    if heads:
        report.ignored.append(f"{len(heads)} tensors of other datasets' heads")
    if others:
        report.ignored.append(count_names(
            key[len(prefix):] if key.startswith(prefix) else key
            for key in others))


def cut_heads(ours: StateDict, report: Report) -> None:
    """Drop channels that an associate head has beyond its dataset's
    keypoints: official training can pad them."""
    for name, num_keypoints in list(EXPERT_DATASETS.items())[1:]:
        key = f'heads.{name}.final_layer.'
        weight = ours.get(f'{key}weight')
        if weight is not None and weight.shape[0] > num_keypoints:
            report.folded.append(f'head of {name}: {weight.shape[0]} channels '
                                 f'cut to its {num_keypoints} keypoints')
            for part in ('weight', 'bias'):
                ours[key + part] = ours[key + part][:num_keypoints]


def fold_slot(pos_embed: Tensor, report: Report) -> Tensor:
    """Add slot 0 of a position embedding to all others.

    The official forward pass does so for every token, so the sum is exact.

    Args:
        pos_embed: Shape (1, 1 + N, D).
        report: Gets a line.

    Returns:
        Shape (1, N, D).
    """
    report.folded.append('position slot 0 added to the '
                         f'{pos_embed.shape[1] - 1} patch slots')
    return pos_embed[:, 1:] + pos_embed[:, :1]


def unfold_slot(pos_embed: Tensor) -> Tensor:
    """Prepend a slot of zeros: (1, N, D) to (1, 1 + N, D)."""
    return torch.cat([torch.zeros_like(pos_embed[:, :1]), pos_embed], dim=1)


def from_ours(state_dict: StateDict) -> StateDict:
    """Translate from our layout, dense or joint."""
    official, names = {}, datasets_of(state_dict)
    for key, tensor in state_dict.items():
        if key == 'backbone.pos_embed':
            official[key] = unfold_slot(tensor)
        elif key.startswith('head.'):
            official[HEAD + key[len('head.'):]] = tensor
        elif key.startswith('heads.'):
            _, dataset, name = key.split('.', 2)
            index = names.index(dataset)
            head = f'associate_keypoint_heads.{index - 1}.' if index else HEAD
            official[head + name] = tensor
        else:
            official[key] = tensor
    return official
