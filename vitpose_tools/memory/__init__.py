# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from .estimate import MemoryOfTraining, estimate_memory

__all__ = ['MemoryOfTraining', 'estimate_memory']
