# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from .hooks import (ModelDataCheckHook, OutputDistillHook, TokenDistillHook,
                    TokenLearnHook)
from .optimizers import ViTLayerDecayOptimWrapperConstructor

__all__ = [
    'ModelDataCheckHook', 'OutputDistillHook', 'TokenDistillHook',
    'TokenLearnHook', 'ViTLayerDecayOptimWrapperConstructor'
]
