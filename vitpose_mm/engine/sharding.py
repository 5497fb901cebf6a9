# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""What FSDP has to know of our models, and they of it."""
from contextlib import nullcontext
from functools import partial
from typing import Any, ContextManager, List, Optional

import torch
from mmengine._strategy import FSDPStrategy
from mmengine.optim import OptimWrapper
from mmengine.registry import FUNCTIONS, STRATEGIES
from mmengine.utils import digit_version
from torch import Tensor, nn
from torch.distributed.fsdp import FullyShardedDataParallel
from torch.nn.utils import clip_grad_norm_

from ..models.layers import Block, ViTAEBlock

# With 2.11 a CPU's processes crash while weights are gathered for a checkpoint
# (2.1: at the start), and a comparison failed on a GPU.
OLDEST_SHARDING = '2.15'


@FUNCTIONS.register_module()
def wrap_vit_blocks(module: nn.Module, recurse: bool,
                    nonwrapped_numel: int) -> bool:
    """The ``auto_wrap_policy`` of MMFullyShardedDataParallel that gathers the
    weights of one block at a time.

    Args:
        module: A part of the model.
        recurse: Whether it is asked if its own parts may be wrapped.
        nonwrapped_numel: Parameters in it that are not wrapped yet.
    """
    return recurse or isinstance(module, (Block, ViTAEBlock))


@STRATEGIES.register_module()
class ShardedStrategy(FSDPStrategy):
    """MMEngine's FSDP for the ViTs of this package: blocks are gathered one
    at a time, and a checkpoint is one file with the weights that any other
    run writes. Its optimiser's state is for a run with this strategy.

    Args:
        model_wrapper: Config of MMFullyShardedDataParallel, beside the
            policy of what is gathered.
        options: As of FSDPStrategy; MMEngine's runner adds its own.

    Raises:
        RuntimeError: If this torch is too old.
    """

    def __init__(self, *, model_wrapper: Optional[dict] = None,
                 **options: Any) -> None:
        if digit_version(torch.__version__) < digit_version(OLDEST_SHARDING):
            raise RuntimeError(
                f'ShardedStrategy needs torch >= {OLDEST_SHARDING}, and this '
                f'is {torch.__version__}, whose FSDP was seen to crash or to '
                'save other weights than it has; install a newer one, or '
                'train by DDP: remove strategy=')
        options.setdefault('state_dict_cfg', 'full')
        super().__init__(
            model_wrapper={'auto_wrap_policy': 'wrap_vit_blocks',
                           **(model_wrapper or {})}, **options)

    def build_optim_wrapper(self, optim_wrapper: Any,
                            model: Optional[nn.Module] = None) -> OptimWrapper:
        """Build the optimiser, whose gradients are clipped by the norm of all
        of them: MMEngine's own would take that of each process's part."""
        wrapper = super().build_optim_wrapper(optim_wrapper, model)
        if getattr(wrapper, 'clip_func', None) is clip_grad_norm_:
            wrapper.clip_func = partial(clip_all, self.model)
        return wrapper

    def load_optim_state_dict(self, state_dict: dict) -> None:
        """Load the state of the optimiser; MMEngine's own has the arguments
        in the order of torch 2.0."""
        optimizer = self.optim_wrapper.optimizer
        optimizer.load_state_dict(
            FullyShardedDataParallel.optim_state_dict_to_load(
                self.model, optimizer, state_dict))


def clip_all(model: FullyShardedDataParallel, params: List[nn.Parameter],
             max_norm: float, norm_type: float = 2.) -> Tensor:
    """Clip as torch.nn.utils.clip_grad_norm_ does, across processes.

    Args:
        model: Has the parameters.
        params: Those with gradients, of no use here.
        max_norm, norm_type: As there.

    Returns:
        The norm of all gradients before.
    """
    return model.clip_grad_norm_(max_norm, norm_type)


def unsharded(model: nn.Module) -> ContextManager:
    """A context in which a model's parameters have their shapes; FSDP makes
    all of them one-dimensional."""
    if isinstance(model, FullyShardedDataParallel):
        return FullyShardedDataParallel.summon_full_params(
            model, writeback=False)
    return nullcontext()
