# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Iterable, Iterator, Tuple

from mmengine.optim import OptimWrapper, OptimWrapperDict
from torch import Tensor, nn

from vitpose_mm.checkpoints.names import named_heads
from ..optim_wrappers import wrappers_of
from ..unwrap_model import unwrap_model


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


def check_groups(state: dict, optim_wrapper: OptimWrapper) -> None:
    """Refuse the state of an optimiser of other parameters or another kind,
    before PyTorch meets it: a config that freezes, decays or builds other
    parts makes other groups.

    Args:
        state: Of the optimiser, in a checkpoint.
        optim_wrapper: What is to go on with it; several in one are not
            looked at.

    Raises:
        ValueError: If so.
    """
    if isinstance(optim_wrapper, OptimWrapperDict) or \
            'param_groups' not in state:
        return
    told, own = state['param_groups'], optim_wrapper.optimizer.param_groups
    cure = ('Start a new run from its weights: --cfg-options '
            'load_from=CHECKPOINT, without --resume')
    sizes, wanted = ([len(group['params']) for group in groups]
                     for groups in (told, own))
    if sizes != wanted:
        raise ValueError(
            'the run cannot be resumed: the optimiser of the checkpoint has '
            f'{sum(sizes)} parameters in {len(sizes)} groups, that of this '
            f'config {sum(wanted)} in {len(wanted)}; it freezes, decays or '
            f'builds other parts. {cure}')
    kinds = [name for name in ('betas', 'momentum')
             if (name in told[0]) != (name in own[0])]
    if kinds:
        raise ValueError(
            'the run cannot be resumed: the checkpoint is of another '
            f'optimiser than {type(optim_wrapper.optimizer).__name__} '
            f'({", ".join(kinds)}). {cure}')


def check_order(names: Iterable[str], model: nn.Module) -> None:
    """Refuse to resume with the heads in another order: the optimiser knows
    parameters by their place.

    Args:
        names: Of the tensors of the checkpoint, in its order.
        model: What is trained, wrapped or not.

    Raises:
        ValueError: If so.
    """
    told = named_heads(names)
    own = list(getattr(unwrap_model(model), 'heads', told))
    if told and told != own and set(told) == set(own):
        raise ValueError(
            f'the run cannot be resumed: the config lists the heads {own}, '
            f'the checkpoint {told}, and the optimiser goes by their order. '
            'MMEngine sorts the heads in the config that it leaves in a work '
            'directory; take the one that the run was started with')


def averages(
        optim_wrapper: OptimWrapper) -> Iterator[Tuple[nn.Parameter, Tensor]]:
    """Parameters with each tensor that their optimiser keeps in their
    shape."""
    for wrapper in wrappers_of(optim_wrapper):
        for param, state in wrapper.optimizer.state.items():
            for name in ('exp_avg', 'exp_avg_sq', 'momentum_buffer'):
                if isinstance(state.get(name), Tensor):
                    yield param, state[name]
