# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from .compile_hook import CompileHook
from .data_check_hook import DataCheckHook
from .half_weights_hook import HalfWeightsHook
from .model_data_check_hook import ModelDataCheckHook
from .nan_hook import NaNHook
from .output_distill_hook import OutputDistillHook
from .resume_hook import ResumeHook
from .token_distill_hook import TokenDistillHook
from .token_learn_hook import TokenLearnHook
from .whole_checkpoint_hook import WholeCheckpointHook

__all__ = [
    'CompileHook', 'DataCheckHook', 'HalfWeightsHook', 'ModelDataCheckHook',
    'NaNHook',
    'OutputDistillHook', 'ResumeHook', 'TokenDistillHook', 'TokenLearnHook',
    'WholeCheckpointHook'
]
