# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Our names: what the tensors of a ViT and its heads are called here, which
is what the official code calls them below ``backbone.``."""
import re
from typing import Dict, Iterable, List, Optional

from torch import Tensor

from .expert_datasets import expert_names

StateDict = Dict[str, Tensor]

BACKBONE = 'backbone.'
# First parts of the names of a ViT's own parameters.
VIT_PARTS = ('patch_embed', 'pos_embed', 'knowledge_token', 'blocks',
             'last_norm')
EXPERT = re.compile(r'blocks\.\d+\.mlp\.experts\.(\d+)\.')
# The convolutions of a ViTAE.
PARALLEL_CONV = re.compile(r'blocks\.\d+\.pcm\.')


def vit_prefix(state_dict: StateDict) -> Optional[str]:
    """Find a ViT with our names.

    Returns:
        What precedes its parameters' names, None if there is no such ViT.
    """
    for prefix in ('', BACKBONE):
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


def is_joint(state_dict: StateDict, prefix: str = BACKBONE) -> bool:
    """Whether the first block needs an expert to be complete: a part of fc2,
    or a whole network."""
    fc2 = state_dict.get(f'{prefix}blocks.0.mlp.fc2.weight')
    norm = state_dict.get(f'{prefix}blocks.0.norm1.weight')
    if f'{prefix}blocks.0.mlp.experts.0.fc2.weight' in state_dict:
        return True
    return (fc2 is not None and norm is not None
            and fc2.shape[0] < norm.shape[0]
            and f'{prefix}blocks.0.mlp.experts.0.weight' in state_dict)


def num_experts(keys: Iterable[str]) -> int:
    """Count the experts of a block from parameter names."""
    found = {int(match[1]) for match in map(EXPERT.search, keys) if match}
    return max(found) + 1 if found else 0


def ffn_of(state_dict: StateDict) -> Optional[str]:
    """Kind of a joint file's experts, as ``ViTMoE`` calls it; None for a
    dense file."""
    if not is_joint(state_dict):
        return None
    if f'{BACKBONE}blocks.0.mlp.experts.0.weight' in state_dict:
        return 'partial'
    shared = f'{BACKBONE}blocks.0.mlp.fc2.weight' in state_dict
    return 'shared_independent' if shared else 'independent'


def datasets_of(state_dict: StateDict) -> List[str]:
    """Name the datasets of a joint file, in the order of their experts; empty
    for a dense one. The heads tell: they come in that order."""
    count = num_experts(state_dict) if is_joint(state_dict) else 0
    heads = named_heads(state_dict)
    return heads if len(heads) == count else expert_names(count)


def named_heads(names: Iterable[str], prefix: str = '') -> List[str]:
    """Datasets of the heads in a state dict, in its order."""
    start = f'{prefix}heads.'
    return list(dict.fromkeys(
        name[len(start):].split('.')[0] for name in names
        if name.startswith(start)))


def sort_heads(state_dict: StateDict, datasets: List[str]) -> StateDict:
    """Put the heads of a joint file in the order of their experts.

    Args:
        state_dict: Names and tensors.
        datasets: In that order.
    """
    def place(key: str) -> int:
        parts = key.split('.')
        is_known = parts[0] == 'heads' and parts[1] in datasets
        return datasets.index(parts[1]) if is_known else -1

    return {key: state_dict[key] for key in sorted(state_dict, key=place)}
