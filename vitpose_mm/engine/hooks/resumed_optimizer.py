# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Iterator, Tuple

from mmengine.optim import OptimWrapper, OptimWrapperDict
from torch import Tensor, nn


def check_resumed(model: nn.Module, optim_wrapper: OptimWrapper) -> None:
    """Refuse to go on with an optimiser that has seen other parameters.

    A model of another resolution or another number of keypoints loads the
    weights that fit; the optimiser's averages do not, which PyTorch finds out
    in the first step.

    Args:
        model: What is trained, wrapped or not.
        optim_wrapper: Its, after resuming.

    Raises:
        ValueError: If so.
    """
    for param, average in averages(optim_wrapper):
        if average.shape != param.shape:
            name = next((name for name, own in model.named_parameters()
                         if own is param), 'a parameter')
            raise ValueError(
                f'the run cannot be resumed: {name} has the shape '
                f'{tuple(param.shape)} in this config, but '
                f'{tuple(average.shape)} in the optimiser of the checkpoint. '
                'Start a new run from its weights: --cfg-options '
                'load_from=CHECKPOINT, without --resume')


def averages(
        optim_wrapper: OptimWrapper) -> Iterator[Tuple[nn.Parameter, Tensor]]:
    """Parameters with each tensor that their optimiser keeps in their
    shape."""
    wrappers = optim_wrapper.values() if isinstance(
        optim_wrapper, OptimWrapperDict) else [optim_wrapper]
    for wrapper in wrappers:
        for param, state in wrapper.optimizer.state.items():
            for name in ('exp_avg', 'exp_avg_sq', 'momentum_buffer'):
                if isinstance(state.get(name), Tensor):
                    yield param, state[name]
