# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""ViTs that were pre-trained on images: MAE, DeiT, DINO, DINOv2, timm's
models (augreg and others) and the plain ViTAE share their names.

Class token, its position slot, the final ``norm`` and heads go, as they do
in the official ViTPose, which trains a fresh ``last_norm``.
"""
import re
from typing import Optional

import torch

from ..names import BACKBONE, PARALLEL_CONV, StateDict, vit_prefix
from ..other_functions import FOREIGN_PARTS, foreign_feature
from ..positions import num_extra_slots
from ..read import CheckpointError
from ..report import Report, count_names

# First parts of names in such files. A file with others is some larger model
# that happens to contain a ViT, and not ours to translate.
KNOWN_PARTS = ('patch_embed', 'pos_embed', 'blocks', 'norm', 'fc_norm',
               'cls_token', 'dist_token', 'mask_token', 'head', 'head_dist',
               'pre_logits', 'attn_pool', 'decoder_pos_embed',
               'decoder_embed', 'decoder_blocks', 'decoder_norm',
               'decoder_pred')
LAYER_SCALE = re.compile(r'\.ls[12]\.gamma$')


def matches(state_dict: StateDict) -> bool:
    """Whether this is such a ViT, of our function or not."""
    prefix = vit_prefix(state_dict)
    if prefix is None or f'{prefix}last_norm.weight' in state_dict:
        return False
    if any('final_layer.' in key for key in state_dict):
        return False  # a pose model that lacks its final norm
    parts = {key[len(prefix):].split('.')[0] for key in state_dict
             if key.startswith(prefix)}
    return parts <= {*KNOWN_PARTS, *FOREIGN_PARTS}


def to_ours(state_dict: StateDict, report: Report,
            num_patches: Optional[int] = None) -> StateDict:
    """Bring them to our layout: the backbone alone, without a final norm.

    Args:
        state_dict: Their names.
        report: Gets what is folded and ignored.
        num_patches: Of the grid that it was trained on, where that is known.

    Raises:
        CheckpointError: If it computes something that our ViT does not.
    """
    prefix = vit_prefix(state_dict)
    state_dict = join_biases(
        {key[len(prefix):].replace('.PCM.', '.pcm.')
         if key.startswith(prefix) else key: tensor
         for key, tensor in state_dict.items()}, report)
    feature = foreign_feature(
        key for key in state_dict
        if not LAYER_SCALE.search(key) and not PARALLEL_CONV.match(key))
    if feature:
        raise CheckpointError(report.without(feature))
    ours, ignored = {}, []
    for key, tensor in state_dict.items():
        if key.split('.')[0] in ('patch_embed', 'pos_embed', 'blocks'):
            ours[f'{BACKBONE}{key}'] = tensor
        else:
            ignored.append(key)
    if ignored:
        report.ignored.append(count_names(ignored))
    tokens = sum(key in ('cls_token', 'dist_token') for key in ignored)
    extra = num_extra_slots(state_dict['pos_embed'].shape[1], tokens,
                            num_patches)
    if extra:
        report.ignored.append('position slots of tokens that ViTPose does '
                              f'not have: {extra}')
    ours[f'{BACKBONE}pos_embed'] = state_dict['pos_embed'][:, extra:]
    fold_layer_scale(ours, report)
    complete_qkv(ours, report)
    return ours


def join_biases(state_dict: StateDict, report: Report) -> StateDict:
    """Make one bias of those of queries and values, which ViTAE and BEiT have
    without one for keys: a bias of zeros there is the same.

    Args:
        state_dict: ``attn.q_bias`` and ``attn.v_bias`` of shape (D,), or not.
        report: Gets a line.

    Returns:
        With ``attn.qkv.bias`` of shape (3 D,) in their place.
    """
    joined = dict(state_dict)
    found = [key for key in state_dict if key.endswith('.attn.q_bias')]
    for key in found:
        q = joined.pop(key)
        v = joined.pop(key.replace('q_bias', 'v_bias'))
        joined[key.replace('q_bias', 'qkv.bias')] = torch.cat(
            [q, torch.zeros_like(q), v])
    if found:
        report.folded.append(f'{len(found)} pairs of q_bias and v_bias made '
                             'qkv.bias, zeros for keys')
    return joined


def fold_layer_scale(state_dict: StateDict, report: Report) -> None:
    """Multiply LayerScale into the linear map before it, in place; both are
    linear, so the function stays the same.

    Args:
        state_dict: Our names, and ``ls1.gamma`` and ``ls2.gamma`` of shape
            (D,).
        report: Gets a line.
    """
    scales = [key for key in state_dict if LAYER_SCALE.search(key)]
    for key in scales:
        gamma = state_dict.pop(key)
        linear = key.replace('ls1.gamma', 'attn.proj').replace(
            'ls2.gamma', 'mlp.fc2')
        weight, bias = f'{linear}.weight', f'{linear}.bias'
        gamma = gamma.float()
        state_dict[weight] = state_dict[weight].float() * gamma[:, None]
        state_dict[bias] = state_dict[bias].float() * gamma
    if scales:
        report.folded.append(f'{len(scales)} LayerScale factors multiplied '
                             'into attn.proj and mlp.fc2')


def complete_qkv(state_dict: StateDict, report: Report) -> None:
    """Give a bias of zeros to query, key and value that have none."""
    missing = [key for key in state_dict if key.endswith('attn.qkv.weight')
               and key.replace('weight', 'bias') not in state_dict]
    for key in missing:
        state_dict[key.replace('weight', 'bias')] = torch.zeros_like(
            state_dict[key][:, 0])
    if missing:
        report.folded.append('qkv without bias: zeros written')
