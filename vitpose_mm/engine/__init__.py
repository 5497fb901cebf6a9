# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from .hooks import (CompileHook, DataCheckHook, HalfWeightsHook,
                    ModelDataCheckHook, OutputDistillHook, TokenDistillHook,
                    TokenLearnHook)
from .loops import CheckedTestLoop, CheckedTrainLoop, CheckedValLoop
from .optimizers import ViTLayerDecayOptimWrapperConstructor

__all__ = [
    'CheckedTestLoop', 'CheckedTrainLoop', 'CheckedValLoop', 'CompileHook',
    'DataCheckHook', 'HalfWeightsHook', 'ModelDataCheckHook',
    'OutputDistillHook', 'TokenDistillHook', 'TokenLearnHook',
    'ViTLayerDecayOptimWrapperConstructor'
]
