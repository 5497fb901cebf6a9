# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""The official ViTPose and ViTPose+ code's layout; easy_ViTPose's is equal.

``backbone.*`` in our names, but with one more position slot that is added to
all others; ``keypoint_head.*`` and, with several datasets,
``associate_keypoint_heads.<i>.*``.
"""
import re
from typing import Optional

from ..expert_datasets import EXPERT_DATASETS, expert_names
from ..names import (BACKBONE, EXPERT, VIT_PARTS, StateDict, datasets_of,
                     is_joint, num_experts, sort_heads, vit_prefix)
from ..positions import fold_slot, has_added_slot, num_extra_slots, unfold_slot
from ..report import Report, count_names

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


def to_ours(state_dict: StateDict, report: Report,
            num_patches: Optional[int] = None) -> StateDict:
    """Bring official names to our layout; a joint file stays joint.

    Args:
        state_dict: Official names.
        report: Gets what is folded and ignored.
        num_patches: Of the grid that it was trained on, where that is known.
    """
    prefix = vit_prefix(state_dict)
    joint = is_joint(state_dict, prefix)
    heads = heads_to_ours(state_dict)
    ours, ignored = {}, []
    for key, tensor in state_dict.items():
        name = key[len(prefix):] if key.startswith(prefix) else ''
        if name.split('.')[0] in VIT_PARTS and (joint
                                                or not EXPERT.match(name)):
            ours[f'{BACKBONE}{name}'] = tensor
        elif not key.startswith(HEAD) and not (joint and ASSOCIATE.match(key)):
            ignored.append(key)
    note_ignored(report, ignored, prefix)
    cut_heads(heads, report)
    ours.update(heads)
    slots = ours[f'{BACKBONE}pos_embed']
    if has_added_slot(slots.shape[1], num_patches):
        ours[f'{BACKBONE}pos_embed'] = fold_slot(slots, report)
    return sort_heads(ours, expert_names(num_experts(state_dict)))


def heads_to_ours(state_dict: StateDict) -> StateDict:
    """Give the heads of a file the names that they have in our models:
    ``head`` in a dense file, ``heads.<dataset>`` in a joint one. What other
    datasets' heads a dense file has is left out."""
    joint = is_joint(state_dict, vit_prefix(state_dict))
    names = expert_names(num_experts(state_dict))
    main_head = f'heads.{names[0]}.' if joint else 'head.'
    heads = {}
    for key, tensor in state_dict.items():
        associate = ASSOCIATE.match(key)
        if key.startswith(HEAD):
            heads[main_head + key[len(HEAD):]] = tensor
        elif joint and associate:
            index, name = associate.groups()
            heads[f'heads.{names[int(index) + 1]}.{name}'] = tensor
    return heads


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


def cut_heads(heads: StateDict, report: Report) -> None:
    """Drop channels that an associate head has beyond its dataset's
    keypoints: official training can pad them."""
    for name, num_keypoints in list(EXPERT_DATASETS.items())[1:]:
        key = f'heads.{name}.final_layer.'
        weight = heads.get(f'{key}weight')
        if weight is not None and weight.shape[0] > num_keypoints:
            report.folded.append(f'head of {name}: {weight.shape[0]} channels '
                                 f'cut to its {num_keypoints} keypoints')
            for part in ('weight', 'bias'):
                heads[key + part] = heads[key + part][:num_keypoints]


def from_ours(state_dict: StateDict) -> StateDict:
    """From our layout, dense or joint."""
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
