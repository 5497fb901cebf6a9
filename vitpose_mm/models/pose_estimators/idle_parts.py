# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Keep what had no sample out of the optimiser's step.

Data-parallel training waits for a gradient of each parameter, so experts and
heads without samples get zeros. An optimiser moves these all the same: by
weight decay, and by the momentum of earlier steps. It leaves alone what has
no gradient, so the zeros are taken away right before the step.
"""
from functools import lru_cache
from typing import Iterable, Iterator, List, Sequence, Set
from weakref import WeakSet

import torch
from mmengine.dist import get_world_size
from mmengine.utils import digit_version
from torch import distributed, nn
from torch.optim.optimizer import Optimizer, register_optimizer_step_pre_hook


class IdleParts:
    """Which datasets had samples since gradients began to add up.

    Holds for any optimiser and loop that steps with the gradients of the
    model's own parameters: accumulated, scaled, clipped or averaged by DDP.
    Not for wrappers that flatten parameters, as FSDP does.

    Args:
        num: Datasets of the model.
    """

    def __init__(self, num: int) -> None:
        self.num = num
        self.seen: Set[int] = set()
        self.has_stepped = False

    def note(self, model: nn.Module, indices: Iterable[int]) -> None:
        """Note the datasets of a batch that the model is about to learn.

        Args:
            model: A MultiDatasetTopdownPoseEstimator.
            indices: The dataset of each sample.
        """
        # A scaler may have left a step out, and a caller may keep zeros.
        if self.has_stepped or all(
                param.grad is None for param in model.parameters()):
            self.seen.clear()
            self.has_stepped = False
        self.seen.update(indices)
        MODELS_IN_TRAINING.add(model)
        watch_steps()
        if FORGETS_HOOKS:
            refuse_unwatched_steps()

    def drop(self, model: nn.Module, optimizer: Optimizer) -> None:
        """Take the gradients of idle parts away if it is their optimiser
        that is about to step."""
        stepping = {
            id(param)
            for group in optimizer.param_groups for param in group['params']
        }
        if stepping.isdisjoint(map(id, model.parameters())):
            return
        self.has_stepped = True
        for param in parameters_of(model, self.absent(model)):
            param.grad = None

    def absent(self, model: nn.Module) -> List[int]:
        """Datasets that no process had a sample of."""
        seen = [index in self.seen for index in range(self.num)]
        if get_world_size() > 1:
            flags = torch.tensor(seen, dtype=torch.int32).to(
                next(model.parameters()).device, non_blocking=True)
            distributed.all_reduce(flags, distributed.ReduceOp.MAX)
            # Who has seen all knows the answer, and need not wait for it.
            seen = seen if all(seen) else flags.tolist()
        return [index for index in range(self.num) if not seen[index]]


def parameters_of(model: nn.Module,
                  indices: Sequence[int]) -> Iterator[nn.Parameter]:
    """Parameters that no other than these datasets of a model learn: heads
    and experts, and the whole model if they are all."""
    heads = list(model.heads.values())
    if len(indices) == len(heads):
        yield from model.parameters()
        return
    for index in indices:
        yield from heads[index].parameters()
        if model.num_experts > 1:
            yield from model.backbone.expert_parameters(index)


def refuse_shared_statistics(heads: nn.Module) -> None:
    """Let each process keep its own statistics of the heads' batch norms.

    Raises:
        ValueError: If several processes are to share them: batch norms that
            do so forget what they knew in a step in which none has samples.
    """
    if get_world_size() > 1 and any(
            type(module).__name__ == 'SyncBatchNorm'
            for module in heads.modules()):
        raise ValueError(
            'sync_bn would wear away the statistics of the head of a dataset '
            'that no process has a sample of; remove sync_bn from the config')


MODELS_IN_TRAINING: 'WeakSet[nn.Module]' = WeakSet()
# Compiling anything makes torch 2.1 forget the hooks of all optimisers.
FORGETS_HOOKS = digit_version(torch.__version__) < digit_version('2.2')


@lru_cache(maxsize=None)
def watch_steps() -> None:
    """Be told of each step of each optimiser, once per process: a model is
    not told which optimiser trains it."""
    register_optimizer_step_pre_hook(before_step)


def before_step(optimizer: Optimizer, args: tuple, kwargs: dict) -> None:
    for model in MODELS_IN_TRAINING:
        model.idle_parts.drop(model, optimizer)


def refuse_unwatched_steps() -> None:
    """Stop a training whose optimisers no longer tell of their steps.

    Raises:
        RuntimeError: If they do not.
    """
    told = []
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.)
    optimizer.register_step_pre_hook(lambda *_: told.append(True))
    optimizer.step()
    if not told:
        raise RuntimeError(
            f'torch {torch.__version__} calls no hooks of optimisers once '
            'anything was compiled, so a joint training would wear away the '
            'experts and heads without samples: compile nothing in it (the '
            'key `compile`, torch.compile), or take torch 2.2 or newer')
