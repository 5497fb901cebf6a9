# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import math
import re
from typing import Dict, Iterable, List, Optional

from torch import Tensor

from ..expert_datasets import expert_names

StateDict = Dict[str, Tensor]

# First parts of the names of a ViT's own parameters, official naming.
VIT_PARTS = ('patch_embed', 'pos_embed', 'knowledge_token', 'blocks',
             'last_norm')
EXPERT = re.compile(r'blocks\.\d+\.mlp\.experts\.(\d+)\.')
BLOCK_PART = re.compile(
    r'blocks\.\d+\.(norm1|norm2|attn\.qkv|attn\.proj|mlp\.fc1|mlp\.fc2|'
    r'mlp\.experts\.\d+(\.fc1|\.fc2)?)\.(weight|bias)$')
# The convolutions of a ViTAE, in our naming.
PARALLEL_CONV = re.compile(r'blocks\.\d+\.pcm\.')
# What makes a model compute something else than our ViT: first part of a name
# beside the blocks, and start of a name in a block.
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


def vit_prefix(state_dict: StateDict) -> Optional[str]:
    """Find a ViT in official naming.

    Returns:
        What precedes its parameters' names, None if there is no such ViT.
    """
    for prefix in ('', 'backbone.'):
        patches = state_dict.get(f'{prefix}patch_embed.proj.weight')
        pos_embed = state_dict.get(f'{prefix}pos_embed')
        qkv = state_dict.get(f'{prefix}blocks.0.attn.qkv.weight')
        if patches is None or pos_embed is None or qkv is None:
            continue
        if (patches.ndim == 4 and pos_embed.ndim == 3
                and pos_embed.shape[2] == patches.shape[0]
                and f'{prefix}blocks.0.norm1.weight' in state_dict):
            return prefix
    return None


def is_joint(state_dict: StateDict, prefix: str = 'backbone.') -> bool:
    """Whether the first block needs an expert to be complete: a part of fc2,
    or a whole network."""
    fc2 = state_dict.get(f'{prefix}blocks.0.mlp.fc2.weight')
    norm = state_dict.get(f'{prefix}blocks.0.norm1.weight')
    if f'{prefix}blocks.0.mlp.experts.0.fc2.weight' in state_dict:
        return True
    return (fc2 is not None and norm is not None
            and fc2.shape[0] < norm.shape[0]
            and f'{prefix}blocks.0.mlp.experts.0.weight' in state_dict)


def num_extra_slots(num_slots: int, expected: int = 0) -> int:
    """Count the slots of a position embedding before those of patches.

    Args:
        num_slots: All slots.
        expected: How many the other names in the file let expect.

    Returns:
        0 if none is expected and some grid up to 4:1 explains all slots;
        else the first of ``expected``, 0, 1, 2 that leaves a square or 4:3
        grid, or failing that a grid up to 2:1; else ``expected``.
    """
    if expected == 0 and is_grid(num_slots, 4):
        return 0
    for fits in (is_usual_grid, is_grid):
        for extra in (expected, 0, 1, 2):
            if num_slots > extra and fits(num_slots - extra):
                return extra
    return expected


def is_usual_grid(num_tokens: int) -> bool:
    """Whether tokens fill a square or a grid of 4:3 or 3:4."""
    return any(
        math.isqrt(num_tokens // area)**2 * area == num_tokens
        for area in (1, 12))


def is_grid(num_tokens: int, longest: int = 2) -> bool:
    """Whether tokens fill a grid with sides of at most ``longest``:1."""
    return any(num_tokens % side == 0 and num_tokens <= longest * side**2
               for side in range(1, math.isqrt(num_tokens) + 1))


def num_experts(keys: Iterable[str]) -> int:
    """Count the experts of a block from parameter names."""
    found = {int(match[1]) for match in map(EXPERT.search, keys) if match}
    return max(found) + 1 if found else 0


def ffn_of(state_dict: StateDict) -> Optional[str]:
    """Kind of a joint file's experts, as ``ViTMoE`` calls it; None for a
    dense file. In our layout."""
    if not is_joint(state_dict):
        return None
    if 'backbone.blocks.0.mlp.experts.0.weight' in state_dict:
        return 'partial'
    shared = 'backbone.blocks.0.mlp.fc2.weight' in state_dict
    return 'shared_independent' if shared else 'independent'


def datasets_of(state_dict: StateDict) -> List[str]:
    """Name the datasets of a joint file in our layout, in the order of their
    experts; empty for a dense one. The heads tell: they come in that order."""
    count = num_experts(state_dict) if is_joint(state_dict) else 0
    heads = dict.fromkeys(key.split('.')[1] for key in state_dict
                          if key.startswith('heads.'))
    return list(heads) if len(heads) == count else expert_names(count)


def sort_heads(state_dict: StateDict, datasets: List[str]) -> StateDict:
    """Put the heads of a joint file in the order of their experts.

    Args:
        state_dict: In our layout.
        datasets: In that order.
    """
    def place(key: str) -> int:
        parts = key.split('.')
        is_known = parts[0] == 'heads' and parts[1] in datasets
        return datasets.index(parts[1]) if is_known else -1

    return {key: state_dict[key] for key in sorted(state_dict, key=place)}


def foreign_feature(keys: Iterable[str]) -> Optional[str]:
    """Find something that our ViT does not compute.

    Args:
        keys: Names in our naming, with or without ``backbone.``.

    Returns:
        What it is and the name that shows it, None if there is nothing.
    """
    for key in keys:
        name = key[len('backbone.'):] if key.startswith('backbone.') else key
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
        state_dict.get(f'backbone.blocks.0.{name}.weight')
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
