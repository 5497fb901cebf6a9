# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""The layouts in which ViTPose and ViT weights are published.

Each module holds ``matches(state_dict)``, ``to_ours(state_dict, report)``
and, where a file can be written that way, ``from_ours(state_dict)``.
"""
from . import hf, imagenet, mmpose, official, vitpose_mm
from .common import StateDict, datasets_of, ffn_of, is_joint
from .detect import detect, looks_like, meta_of, unwrap

__all__ = [
    'StateDict', 'datasets_of', 'detect', 'ffn_of', 'hf', 'imagenet',
    'is_joint', 'looks_like', 'meta_of', 'mmpose', 'official', 'unwrap',
    'vitpose_mm'
]
