# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from .hooks import (CompileHook, DataCheckHook, HalfWeightsHook,
                    ModelDataCheckHook, NaNHook, OutputDistillHook, ResumeHook,
                    TokenDistillHook, TokenLearnHook, WholeCheckpointHook)
from .loops import CheckedTestLoop, CheckedTrainLoop, CheckedValLoop
from .optimizers import ViTLayerDecayOptimWrapperConstructor
from .sharding import ShardedStrategy, wrap_vit_blocks
from .whole_files import WholeFileBackend

__all__ = [
    'CheckedTestLoop', 'CheckedTrainLoop', 'CheckedValLoop', 'CompileHook',
    'DataCheckHook', 'HalfWeightsHook', 'ModelDataCheckHook', 'NaNHook',
    'OutputDistillHook', 'ResumeHook', 'ShardedStrategy', 'TokenDistillHook',
    'TokenLearnHook', 'ViTLayerDecayOptimWrapperConstructor',
    'WholeCheckpointHook', 'WholeFileBackend', 'wrap_vit_blocks'
]
