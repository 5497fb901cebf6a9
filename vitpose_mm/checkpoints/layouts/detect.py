# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from types import ModuleType
from typing import Any, Dict, Optional, Tuple

from torch import Tensor

from . import hf, imagenet, mmpose, official, vitpose_mm
from .common import StateDict

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


def unwrap(checkpoint: Any) -> StateDict:
    """Find the tensors in what a file holds.

    Args:
        checkpoint: A state dict, or a dict with one under 'state_dict' (most
            training code), 'model' (MAE, DeiT) or 'module'.

    Returns:
        Name to tensor, without the ``module.`` of data-parallel training;
        empty if there are none.
    """
    if not isinstance(checkpoint, dict):
        return {}
    for key in ('state_dict', 'model', 'module'):
        if isinstance(checkpoint.get(key), dict):
            checkpoint = checkpoint[key]
            break
    tensors = {key: value for key, value in checkpoint.items()
               if isinstance(key, str) and isinstance(value, Tensor)}
    if tensors and all(key.startswith('module.') for key in tensors):
        return {key[len('module.'):]: value for key, value in tensors.items()}
    return tensors


def meta_of(checkpoint: Any) -> dict:
    """What a file says about itself, {} if nothing."""
    meta = checkpoint.get('meta') if isinstance(checkpoint, dict) else None
    return meta if isinstance(meta, dict) else {}


def detect(state_dict: StateDict) -> Tuple[Optional[str],
                                           Optional[ModuleType]]:
    """Recognise a layout from names and shapes.

    Returns:
        Its name and module, or (None, None) if it is none of ours.
    """
    for name, module in LAYOUTS.items():
        if module.matches(state_dict):
            return name, module
    return None, None


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
