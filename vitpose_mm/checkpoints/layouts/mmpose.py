# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""The layout of MMPose 1.x's own ViTPose: mmpretrain's VisionTransformer.

The loader leaves such files alone, because MMPose's own models load them in
the same process; our ViT renames them when they reach it.
"""
import re
from typing import Dict

from ..report import Report, count_names
from .common import StateDict, num_extra_slots

# Theirs -> ours, below the backbone's prefix.
TO_OURS: Dict[str, str] = {
    r'^patch_embed\.projection\.': 'patch_embed.proj.',
    r'^layers\.(\d+)\.ln([12])\.': r'blocks.\1.norm\2.',
    r'^layers\.(\d+)\.ffn\.layers\.0\.0\.': r'blocks.\1.mlp.fc1.',
    r'^layers\.(\d+)\.ffn\.layers\.1\.': r'blocks.\1.mlp.fc2.',
    r'^layers\.(\d+)\.': r'blocks.\1.',
    r'^ln1\.': 'last_norm.',
}
FROM_OURS: Dict[str, str] = {
    r'^patch_embed\.proj\.': 'patch_embed.projection.',
    r'^blocks\.(\d+)\.norm([12])\.': r'layers.\1.ln\2.',
    r'^blocks\.(\d+)\.mlp\.fc1\.': r'layers.\1.ffn.layers.0.0.',
    r'^blocks\.(\d+)\.mlp\.fc2\.': r'layers.\1.ffn.layers.1.',
    r'^blocks\.(\d+)\.attn\.(qkv|proj)\.': r'layers.\1.attn.\2.',
    r'^last_norm\.': 'ln1.',
}


def matches(state_dict: StateDict) -> bool:
    """Whether the names are mmpretrain's, with or without ``backbone.``."""
    return any(matches_at(state_dict, prefix)
               for prefix in ('', 'backbone.'))


def matches_at(state_dict: StateDict, prefix: str) -> bool:
    """Whether there is an mmpretrain VisionTransformer at a prefix."""
    patches = state_dict.get(f'{prefix}patch_embed.projection.weight')
    return (patches is not None and patches.ndim == 4
            and f'{prefix}pos_embed' in state_dict
            and f'{prefix}layers.0.ln1.weight' in state_dict
            and f'{prefix}layers.0.attn.qkv.weight' in state_dict)


def to_ours(state_dict: StateDict, report: Report) -> StateDict:
    """Translate a whole file to our layout.

    Args:
        state_dict: Their names, with or without ``backbone.``.
        report: Gets what is ignored.
    """
    bare = matches_at(state_dict, '')
    is_pose = 'head.final_layer.weight' in state_dict
    ours, ignored = {}, []
    for key, tensor in state_dict.items():
        if key.startswith('backbone.') or (is_pose
                                           and key.startswith('head.')):
            ours[key] = tensor
        elif bare and not key.startswith('head.'):
            ours[f'backbone.{key}'] = tensor
        else:
            ignored.append(key)
    if ignored:
        report.ignored.append(count_names(ignored))
    rename_backbone(ours, 'backbone.', report)
    return ours


def rename_backbone(state_dict: StateDict, prefix: str,
                    report: Report) -> None:
    """Give a VisionTransformer's tensors our names, in place.

    With a class token it comes from ImageNet: the token, its position slot
    and the final norm go, as with every other file of that kind.

    Args:
        state_dict: Their names after ``prefix``; other keys stay.
        prefix: Where the backbone sits, with its dot.
        report: Gets what is ignored.
    """
    from_imagenet = f'{prefix}cls_token' in state_dict
    pos_embed = state_dict[f'{prefix}pos_embed']
    extra = num_extra_slots(pos_embed.shape[1], int(from_imagenet))
    state_dict[f'{prefix}pos_embed'] = pos_embed[:, extra:]
    ignored = [f'position slot {i} (class token)' for i in range(extra)]
    for key in [key for key in state_dict if key.startswith(prefix)]:
        name, tensor = key[len(prefix):], state_dict.pop(key)
        if from_imagenet and name.split('.')[0] in ('cls_token', 'ln1'):
            ignored.append(name)
        else:
            state_dict[prefix + rename(name, TO_OURS)] = tensor
    if ignored:
        report.ignored.append(', '.join(ignored))


def from_ours(state_dict: StateDict) -> StateDict:
    """Translate from our layout, dense only."""
    return {
        f"backbone.{rename(key[len('backbone.'):], FROM_OURS)}"
        if key.startswith('backbone.') else key: tensor
        for key, tensor in state_dict.items()
    }


def rename(key: str, names: Dict[str, str]) -> str:
    """Apply the first pattern that fits; a name without one stays."""
    for pattern, replacement in names.items():
        if re.match(pattern, key):
            return re.sub(pattern, replacement, key)
    return key
