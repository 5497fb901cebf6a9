# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Whether torch is making a graph; torch 2.1 and 2.2 have no public way."""
import torch

is_compiling = (
    getattr(torch.compiler, 'is_compiling', None) or torch._utils.is_compiling)
