# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Callable

import torch
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmpose.registry import HOOKS
from torch import Tensor, nn


@HOOKS.register_module()
class CompileHook(Hook):
    """Compile backbone and head for training, validation and testing.

    MMEngine's own ``compile`` key compiles the training step alone, with
    losses, logging and all that breaks the graph. A smaller last batch does
    not compile again, because the size of the batch is left open (PyTorch
    makes an exception for a batch of one).

    For estimators with one backbone and one head. Those that send samples to
    several experts or heads are refused: their shapes change in each step.
    """

    def before_train(self, runner) -> None:
        self.compile(runner.model)

    def before_val(self, runner) -> None:
        self.compile(runner.model)

    def before_test(self, runner) -> None:
        self.compile(runner.model)

    def compile(self, model: nn.Module) -> None:
        """Compile in place what is not compiled yet.

        Args:
            model: The estimator, wrapped or not.

        Raises:
            ValueError: If it has no single head.
        """
        if is_model_wrapper(model):
            model = model.module
        if not hasattr(model, 'head'):
            raise ValueError(
                f'CompileHook compiles estimators with one head, not '
                f'{type(model).__name__}; remove it from custom_hooks')
        for module in (model.backbone, model.head):
            # The head calls its own `forward`, not itself. An attribute of
            # the instance serves both ways and is no part of a checkpoint.
            if 'forward' not in vars(module):
                module.forward = compiled(module.forward)


def compiled(forward: Callable) -> Callable:
    """Compile a forward of images or of features for batches of any size.

    Args:
        forward: Takes a tensor or a sequence of them, batch first.
    """
    run = torch.compile(forward, fullgraph=True)

    def call(inputs):
        for tensor in [inputs] if isinstance(inputs, Tensor) else inputs:
            torch._dynamo.maybe_mark_dynamic(tensor, 0)
        return run(inputs)

    return call
