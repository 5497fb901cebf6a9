# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from mmengine.model import is_model_wrapper
from torch import nn


def unwrap_model(model: nn.Module) -> nn.Module:
    """The model itself, out of what distributes it, if anything does."""
    return model.module if is_model_wrapper(model) else model
