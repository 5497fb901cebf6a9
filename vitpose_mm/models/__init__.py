# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from .backbones import ViT

__all__ = ['ViT']
