# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from .model_data_check_hook import ModelDataCheckHook

__all__ = ['ModelDataCheckHook']
