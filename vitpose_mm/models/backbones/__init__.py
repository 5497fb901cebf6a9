# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from .vit import ViT
from .vit_moe import ViTMoE
from .vitae import ViTAE

__all__ = ['ViT', 'ViTAE', 'ViTMoE']
