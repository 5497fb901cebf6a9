# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""The layout of VitPoseForPoseEstimation in the transformers library.

Names of its own throughout, query, key and value apart, and the official
position slot 0. ViTPose+ files hold all experts but COCO's head alone.
"""
import re
from typing import Optional

import torch

from ..expert_datasets import expert_names
from ..names import BACKBONE, StateDict, datasets_of, num_experts
from ..positions import fold_slot, unfold_slot
from ..read import release
from ..report import Report

POSITIONS = 'backbone.embeddings.position_embeddings'
PATCHES = 'backbone.embeddings.patch_embeddings.projection.'
# Theirs -> ours, in the order in which a prefix is looked up.
BACKBONE_NAMES = {
    PATCHES: 'backbone.patch_embed.proj.',
    'backbone.layernorm.': 'backbone.last_norm.',
}
BLOCK_NAMES = {
    'layernorm_before.': 'norm1.',
    'layernorm_after.': 'norm2.',
    'attention.output.dense.': 'attn.proj.',
    'mlp.': 'mlp.',
}
CLASSIC_NAMES = {
    'head.deconv1.': 'head.deconv_layers.0.',
    'head.batchnorm1.': 'head.deconv_layers.1.',
    'head.deconv2.': 'head.deconv_layers.3.',
    'head.batchnorm2.': 'head.deconv_layers.4.',
    'head.conv.': 'head.final_layer.',
}
# Names that every such file has.
SIGNS = (POSITIONS, f'{PATCHES}weight',
         'backbone.encoder.layer.0.layernorm_before.weight')
LAYER = re.compile(r'backbone\.encoder\.layer\.(\d+)\.')
BLOCK = re.compile(r'backbone\.blocks\.(\d+)\.')
QKV = tuple(f'attention.attention.{part}.' for part in ('query', 'key',
                                                        'value'))


def matches(state_dict: StateDict) -> bool:
    """Whether the names are those of VitPoseForPoseEstimation, or of its
    backbone."""
    return any(
        all(name[skipped:] in state_dict for name in SIGNS)
        for skipped in (0, len(BACKBONE)))


def to_ours(state_dict: StateDict, report: Report,
            num_patches: Optional[int] = None) -> StateDict:
    """Bring their names to our layout; a file with experts stays joint.

    Args:
        state_dict: Their names.
        report: Gets what is folded and ignored.
        num_patches: Not asked for: transformers always has slot 0.
    """
    if POSITIONS not in state_dict:
        state_dict = {BACKBONE + key: state_dict[key] for key in state_dict}
    ours = {}
    for key, tensor in state_dict.items():
        if key.startswith('head.'):
            continue
        if key == POSITIONS:
            ours[f'{BACKBONE}pos_embed'] = fold_slot(tensor, report)
        elif QKV[0] in key:
            target = rename_block(key.replace(QKV[0], 'attn.qkv.'))
            parts = [state_dict[key.replace(QKV[0], part)] for part in QKV]
            ours[target] = torch.cat(parts)
            for part in parts:
                release(part)
        elif not any(part in key for part in QKV):
            name = rename(key)
            if name:
                ours[name] = tensor
            else:
                report.ignored.append(key)
    report.folded.append('query, key and value of each block joined')
    return {**ours, **heads_to_ours(state_dict)}


def heads_to_ours(state_dict: StateDict) -> StateDict:
    """Give their head the names that it has in our models; in a joint file
    it is the first dataset's."""
    count = num_experts(LAYER.sub(r'blocks.\1.', key) for key in state_dict)
    head = f'heads.{expert_names(count)[0]}.' if count else 'head.'
    return {
        re.sub(r'^head\.', head, rename(key)): tensor
        for key, tensor in state_dict.items()
        if key.startswith('head.') and rename(key)
    }


def rename_block(key: str) -> str:
    """Their name of a block's tensor, its last part being ours -> our name."""
    return LAYER.sub(r'backbone.blocks.\1.', key)


def rename(key: str) -> str:
    """Their name -> our name, '' if we have no such tensor."""
    match = LAYER.match(key)
    if match:
        rest = key[match.end():]
        for theirs, our in BLOCK_NAMES.items():
            if rest.startswith(theirs):
                return rename_block(match[0] + our + rest[len(theirs):])
    for theirs, our in {**BACKBONE_NAMES, **CLASSIC_NAMES}.items():
        if key.startswith(theirs):
            return our + key[len(theirs):]
    return ''


def from_ours(state_dict: StateDict) -> StateDict:
    """From our layout, dense or joint; of heads the first alone."""
    main_head = f'heads.{(datasets_of(state_dict) or [None])[0]}.'
    theirs = {}
    for key, tensor in state_dict.items():
        if key == 'backbone.pos_embed':
            theirs[POSITIONS] = unfold_slot(tensor)
        elif '.attn.qkv.' in key:
            layer = BLOCK.sub(r'backbone.encoder.layer.\1.', key)
            for part, rows in zip(QKV, tensor.chunk(3)):
                theirs[layer.replace('attn.qkv.', part)] = rows
        else:
            if key.startswith(main_head):
                key = f'head.{key[len(main_head):]}'
            name = rename_back(key)
            if name:
                theirs[name] = tensor
    return theirs


def rename_back(key: str) -> str:
    """Our name -> their name, '' if they have no such tensor."""
    match = BLOCK.match(key)
    if match:
        rest = key[match.end():]
        for theirs, our in BLOCK_NAMES.items():
            if rest.startswith(our):
                return (f'backbone.encoder.layer.{match[1]}.{theirs}'
                        f'{rest[len(our):]}')
    for theirs, our in {**BACKBONE_NAMES, **CLASSIC_NAMES}.items():
        if key.startswith(our):
            return theirs + key[len(our):]
    return ''
