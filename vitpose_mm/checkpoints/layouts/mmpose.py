# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""The layout of MMPose 1.x's own ViTPose: mmpretrain's VisionTransformer.

MMPose's own models load such files in the same process.
"""
import re
from typing import Dict, Optional

from ..names import BACKBONE, StateDict
from ..positions import num_extra_slots
from ..report import Report, count_names

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


def to_ours(state_dict: StateDict, report: Report,
            num_patches: Optional[int] = None) -> StateDict:
    """Bring a whole file, or a backbone, to our layout.

    With a class token it comes from ImageNet: the token, its position slot
    and the final norm go, as with every other file of that kind.

    Args:
        state_dict: Their names, with or without ``backbone.``.
        report: Gets what is ignored.
        num_patches: Of the grid that it was trained on, where that is known.
    """
    bare = matches_at(state_dict, '')
    prefix = '' if bare else BACKBONE
    from_imagenet = f'{prefix}cls_token' in state_dict
    is_pose = 'head.final_layer.weight' in state_dict
    ours, ignored = {}, []
    for key, tensor in state_dict.items():
        name = key[len(prefix):] if key.startswith(prefix) else ''
        if key.startswith('head.'):
            if is_pose:
                ours[key] = tensor
            else:
                ignored.append(key)
        elif not name or (from_imagenet
                          and name.split('.')[0] in ('cls_token', 'ln1')):
            ignored.append(name or key)
        else:
            ours[BACKBONE + rename(name, TO_OURS)] = tensor
    slots = ours[f'{BACKBONE}pos_embed']
    extra = num_extra_slots(slots.shape[1], int(from_imagenet), num_patches)
    ours[f'{BACKBONE}pos_embed'] = slots[:, extra:]
    if ignored:
        report.ignored.append(count_names(ignored))
    report.ignored += [
        f'position slot {i} (class token)' for i in range(extra)
    ]
    return ours


def from_ours(state_dict: StateDict) -> StateDict:
    """From our layout, dense only."""
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
