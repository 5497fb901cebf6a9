# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from .hooks import (CompileHook, HalfWeightsHook, ModelDataCheckHook,
                    OutputDistillHook, TokenDistillHook, TokenLearnHook)
from .optimizers import ViTLayerDecayOptimWrapperConstructor

__all__ = [
    'CompileHook', 'HalfWeightsHook', 'ModelDataCheckHook',
    'OutputDistillHook', 'TokenDistillHook', 'TokenLearnHook',
    'ViTLayerDecayOptimWrapperConstructor'
]
