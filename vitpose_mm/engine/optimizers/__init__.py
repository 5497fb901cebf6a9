# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from .layer_decay_optim_wrapper_constructor import \
    ViTLayerDecayOptimWrapperConstructor

__all__ = ['ViTLayerDecayOptimWrapperConstructor']
