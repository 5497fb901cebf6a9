# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Our own layout: what training with this package writes."""
from typing import Optional

from ..names import BACKBONE, VIT_PARTS, StateDict, vit_prefix
from ..report import Report


def matches(state_dict: StateDict) -> bool:
    """Whether a ViT in official naming has its final norm and is not the
    official code's, which ``official.matches`` claims first."""
    prefix = vit_prefix(state_dict)
    return prefix is not None and f'{prefix}last_norm.weight' in state_dict


def to_ours(state_dict: StateDict, report: Report,
            num_patches: Optional[int] = None) -> StateDict:
    """Name a bare backbone's tensors as in a whole model; a whole model's
    file stays as it is."""
    if vit_prefix(state_dict):
        return dict(state_dict)
    return {
        f'{BACKBONE}{key}' if key.split('.')[0] in VIT_PARTS else key: tensor
        for key, tensor in state_dict.items()
    }


def from_ours(state_dict: StateDict) -> StateDict:
    """The same, as it is our layout already."""
    return state_dict
