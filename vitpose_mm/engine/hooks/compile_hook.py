# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Callable, Tuple, Union

import torch
from mmengine.hooks import Hook
from mmengine.utils import digit_version
from mmpose.registry import HOOKS
from torch import Tensor, nn

from ..unwrap_model import unwrap_model

# That of 2.1 fails on the heads of MMPose.
OLDEST_COMPILER = '2.2.0'
Outputs = Union[Tensor, Tuple[Tensor, ...]]


@HOOKS.register_module()
class CompileHook(Hook):
    """Compile backbone and head for training, validation and testing.

    MMEngine's own ``compile`` key compiles the training step alone, with
    losses, logging and all that breaks the graph. A smaller last batch does
    not compile again, because the size of the batch is left open. PyTorch
    makes an exception for one sample, so a test doubles a single last one; a
    training compiles once more if its last batch is one sample. Images of
    another size than the first ones, as in bottom-up tests, run as without
    this hook.

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
            RuntimeError: If torch is older than its compiler has to be.
            ValueError: If it has no single head.
        """
        if digit_version(torch.__version__) < digit_version(OLDEST_COMPILER):
            raise RuntimeError(
                f'CompileHook needs torch >= {OLDEST_COMPILER}, and this is '
                f'{torch.__version__}; install a newer one, or remove the '
                'hook from custom_hooks')
        model = unwrap_model(model)
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
    first_shapes = None
    has_tested_batches = False

    def call(inputs):
        nonlocal first_shapes, has_tested_batches
        tensors = (inputs, ) if isinstance(inputs, Tensor) else tuple(inputs)
        shapes = [tensor.shape[1:] for tensor in tensors]
        first_shapes = first_shapes or shapes
        if shapes != first_shapes:
            return forward(inputs)
        # In training batch norm would count a sample twice.
        is_test = not torch.is_grad_enabled()
        is_single = len(tensors[0]) == 1
        doubled = is_test and is_single and has_tested_batches
        has_tested_batches |= is_test and not is_single
        if doubled:
            # Joined, not repeated, to keep the order of the memory.
            tensors = tuple(torch.cat((maps, maps)) for maps in tensors)
        for tensor in tensors:
            torch._dynamo.maybe_mark_dynamic(tensor, 0)
        outputs = run(tensors[0] if isinstance(inputs, Tensor) else tensors)
        return first_sample(outputs) if doubled else outputs

    return call


def first_sample(outputs: Outputs) -> Outputs:
    """The first sample of maps (B, C, H, W) or of each of several."""
    if isinstance(outputs, Tensor):
        return outputs[:1]
    return tuple(maps[:1] for maps in outputs)
