# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""The layouts in which ViTPose and ViT weights are published.

Each module holds ``matches(state_dict)``, ``to_ours(state_dict, report,
num_patches)`` and, where a file can be written that way,
``from_ours(state_dict)``; where the names of heads differ from MMPose's, also
``heads_to_ours(state_dict)``. A backbone that stands alone may have its names
with or without ``backbone.``.
"""
from types import ModuleType
from typing import Dict, Optional

from ..names import StateDict
from . import hf, imagenet, mmpose, official, vitpose_mm

__all__ = [
    'LAYOUTS', 'detect', 'hf', 'imagenet', 'looks_like', 'mmpose', 'official',
    'vitpose_mm'
]

# In the order in which they are tried; our own names are the official ones.
LAYOUTS: Dict[str, ModuleType] = {
    'official': official,
    'vitpose_mm': vitpose_mm,
    'mmpose': mmpose,
    'hf': hf,
    'imagenet': imagenet,
}
# Part of a name -> whose names these are, to tell users what they have.
OTHERS = {
    'layer1.0.conv1': 'a ResNet',
    'stages.0.': 'a network in stages (ConvNeXt, Swin, CSPNeXt)',
    'stage1.0': 'a network in stages (CSPNeXt of RTMPose, HRNet)',
    'stage2.0.branches': 'an HRNet',
    'embeddings.cls_token': 'a ViT of the transformers library that is not '
                            'VitPose',
    'relative_position_bias_table': 'a BEiT or Swin with relative positions',
    'rope_embed': 'a ViT with rotary positions (DINOv3)',
    'visual.transformer.resblocks': 'a CLIP model',
    'knowledge_token': 'a knowledge token alone, for TokenDistillHook',
}


def detect(state_dict: StateDict) -> Optional[str]:
    """Recognise a layout from names and shapes.

    Returns:
        A key of LAYOUTS, None if it is none of them.
    """
    return next((name for name, module in LAYOUTS.items()
                 if module.matches(state_dict)), None)


def looks_like(state_dict: StateDict) -> str:
    """Describe weights of no known layout in words."""
    for part, words in OTHERS.items():
        if any(part in key for key in state_dict):
            return words
    parts = list(dict.fromkeys(key.split('.')[0] for key in state_dict))
    if not parts:
        return 'a file without tensors'
    shown = ', '.join(parts[:6]) + (', ...' if len(parts) > 6 else '')
    return f'a model with the parts {shown}'
