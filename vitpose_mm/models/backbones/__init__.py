# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from .vit import ViT

__all__ = ['ViT']
