# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Optional

import torch
from mmengine.hooks import Hook
from mmpose.registry import HOOKS
from torch import nn

from ..unwrap_model import unwrap_model
from .estimator_parts import check_estimator

# Layers that autocast runs in half precision.
LAYERS = (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)


@HOOKS.register_module()
class HalfWeightsHook(Hook):
    """Hold the weights of linear layers and convolutions in half precision
    while a model is validated or tested.

    With ``test_cfg.amp_dtype`` autocast casts all weights in each forward,
    with this hook once per epoch; the results are the same to the bit. The
    model has its own weights back before anything else sees them, such as a
    checkpoint or an average of weights.
    """
    # First after an epoch. Weights are cast before the first batch, when all
    # hooks have prepared the epoch.
    priority = 'VERY_HIGH'

    def __init__(self) -> None:
        self.full = {}  # module and name -> its own parameter
        self.half = {}  # the same -> what takes its place

    def before_val_iter(self,
                        runner,
                        batch_idx: int,
                        data_batch: Optional[dict] = None) -> None:
        if not self.full:
            self.cast(runner.model)

    before_test_iter = before_val_iter

    def after_val_epoch(self,
                        runner,
                        metrics: Optional[dict] = None) -> None:
        self.restore()

    after_test_epoch = after_val_epoch

    @torch.no_grad()
    def cast(self, model: nn.Module) -> None:
        """Put half-precision weights in the place of a model's own.

        Args:
            model: An estimator with ``test_cfg.amp_dtype``, wrapped or not.

        Raises:
            ValueError: If it has no such key or does not know it.
        """
        model = unwrap_model(model)
        dtype = getattr(model, 'test_cfg', {}).get('amp_dtype')
        check_estimator(model)
        if dtype is None:
            raise ValueError(
                'HalfWeightsHook needs a model with test_cfg.amp_dtype, '
                "'float16' or 'bfloat16'; set it, with the type "
                'FastTopdownPoseEstimator, or remove the hook from '
                'custom_hooks')
        for module in model.modules():
            if not isinstance(module, LAYERS):
                continue
            for name, full in list(module.named_parameters(recurse=False)):
                key = module, name
                self.full[key] = full
                if key not in self.half:
                    self.half[key] = nn.Parameter(
                        torch.empty_like(full, dtype=getattr(torch, dtype)),
                        requires_grad=False)
                # The same object in each epoch, because compiled code of
                # some versions of PyTorch keeps it.
                setattr(module, name, self.half[key])
                self.half[key].copy_(full)

    def restore(self) -> None:
        """Give the model its own weights back."""
        for (module, name), full in self.full.items():
            setattr(module, name, full)
        self.full = {}
