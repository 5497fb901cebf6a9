# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""What makes a model compute something else than our ViT does."""
import re
from typing import Iterable, Optional

from .names import BACKBONE, StateDict, ffn_of, is_joint

BLOCK_PART = re.compile(
    r'blocks\.\d+\.(norm1|norm2|attn\.qkv|attn\.proj|mlp\.fc1|mlp\.fc2|'
    r'mlp\.experts\.\d+(\.fc1|\.fc2)?)\.(weight|bias)$')
# First part of a name beside the blocks, and start of a name in a block.
FOREIGN_PARTS = {
    'register_tokens': 'register tokens',
    'reg_token': 'register tokens',
    'knowledge_token': 'a knowledge token',
    'norm_pre': 'a norm before the first block',
    'pre_norm': 'a norm before the first block',
}
FOREIGN_BLOCK_PARTS = {
    'mlp.w': 'a gated feed-forward network (SwiGLU)',
    'mlp.fc1_': 'a gated feed-forward network (SwiGLU)',
    'attn.q_norm': 'norms of queries and keys',
    'attn.k_norm': 'norms of queries and keys',
    'attn.rel_pos': 'relative positions',
    'attn.relative_position': 'relative positions',
    'attn.gamma1': 'LayerScale',
    'ffn.gamma2': 'LayerScale',
    'ls': 'LayerScale',
    'pcm.': 'a convolution beside each attention, as a ViTAE has',
}


def foreign_feature(keys: Iterable[str]) -> Optional[str]:
    """Find something that a plain ViT does not compute.

    Args:
        keys: Our names, with or without ``backbone.``.

    Returns:
        What it is and the name that shows it, None if there is nothing.
    """
    for key in keys:
        name = key[len(BACKBONE):] if key.startswith(BACKBONE) else key
        feature = FOREIGN_PARTS.get(name.split('.')[0])
        if name.startswith('blocks.') and not BLOCK_PART.match(name):
            inner = name.split('.', 2)[2]
            feature = next((words for start, words in
                            FOREIGN_BLOCK_PARTS.items()
                            if inner.startswith(start)), 'an unknown part')
        if feature:
            return f'{feature} ({key})'
    return None


def wrong_width(state_dict: StateDict) -> Optional[str]:
    """Say in which way the first block's feed-forward network does not fit
    together, in our layout; None if it does."""
    own = 'mlp.experts.0.' if ffn_of(state_dict) == 'independent' else 'mlp.'
    fc1, fc2, expert, norm = (
        state_dict.get(f'{BACKBONE}blocks.0.{name}.weight')
        for name in (f'{own}fc1', f'{own}fc2', 'mlp.experts.0', 'norm1'))
    if fc1 is None or fc2 is None:
        return 'no feed-forward network mlp.fc1 and mlp.fc2 in block 0'
    if fc1.shape[0] != fc2.shape[1]:
        return ('a gated feed-forward network (SwiGLU): mlp.fc1 has '
                f'{fc1.shape[0]} outputs, mlp.fc2 {fc2.shape[1]} inputs')
    is_partial = expert is not None and is_joint(state_dict)
    width = fc2.shape[0] + (expert.shape[0] if is_partial else 0)
    if width != norm.shape[0]:
        experts = f' and experts of {expert.shape[0]}' if \
            expert is not None else ''
        return (f'mlp.fc2 of {fc2.shape[0]} channels{experts}, which do not '
                f'make its {norm.shape[0]}')
    return None
