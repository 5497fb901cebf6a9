# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

import torch
from mmengine.dist import all_gather_object, all_reduce, get_rank
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpose.registry import HOOKS
from torch import Tensor, nn
from torch.optim import Optimizer

from ..optim_wrappers import wrappers_of
from ..replay import describe, save_batch
from ..unwrap_model import unwrap_model

ACTIONS = ('stop', 'skip')


class NaNError(ArithmeticError):
    """A training computes what is no number; the message says from what."""


@HOOKS.register_module()
class NaNHook(Hook):
    """Stop, or leave a step out, where the loss is no number.

    What stops the run names the step and the samples; the batch is saved in
    the work directory for `vitpose_mm.engine.replay.load_batch`. Weights that
    are no numbers are never saved, so the last checkpoint is a good one. An
    overflow that a gradient scaler handles leaves the loss a number, and is
    none of this hook's business. Of several processes all stop, or leave the
    step out, where one has such a loss.

    Args:
        on_nan: 'stop', or 'skip' to leave weights and the optimiser's state
            as they are in such a step and go on, counted. 'skip' waits for
            the device in each step.

    Raises:
        ValueError: If ``on_nan`` is neither.
    """

    priority = 'VERY_HIGH'

    def __init__(self, on_nan: str = 'stop') -> None:
        if on_nan not in ACTIONS:
            raise ValueError(f"on_nan='{on_nan}' is not one of {ACTIONS}")
        self.on_nan = on_nan
        self.skipped = 0
        self.is_nan: Optional[Tensor] = None

    def before_train(self, runner: Runner) -> None:
        """Watch losses and steps, to leave steps out."""
        if self.on_nan == 'stop':
            return
        unwrap_model(runner.model).register_forward_hook(self.note_losses)
        for wrapper in wrappers_of(runner.optim_wrapper):
            wrapper.optimizer.register_step_pre_hook(self.before_step)

    def note_losses(self, model: nn.Module, args: tuple, losses: Any) -> None:
        """Note whether a loss since the last step is no number."""
        if isinstance(losses, dict) and model.training:
            total = sum(torch.as_tensor(part).sum()
                        for key, value in losses.items() if 'loss' in key
                        for part in (value if isinstance(value, list)
                                     else [value]))
            is_nan = ~total.detach().isfinite()
            self.is_nan = is_nan if self.is_nan is None else \
                self.is_nan | is_nan

    def before_step(self, optimizer: Optimizer, args: tuple,
                    kwargs: dict) -> None:
        """Take the gradients of a bad step away: nothing changes then."""
        if self.is_nan is None:
            return
        flag = self.is_nan.int()
        all_reduce(flag, 'max')
        if flag.item():
            for group in optimizer.param_groups:
                for param in group['params']:
                    param.grad = None

    def after_train_iter(self, runner: Runner, batch_idx: int,
                         data_batch: Optional[dict] = None,
                         outputs: Optional[Dict[str, Tensor]] = None) -> None:
        """Stop, or count, where the loss is no number, in all processes if
        in one.

        Raises:
            NaNError: If so.
        """
        if all(wrapper.should_update()
               for wrapper in wrappers_of(runner.optim_wrapper)):
            self.is_nan = None
        if outputs is None:
            return
        is_nan = ~torch.as_tensor(outputs['loss']).isfinite().reshape(1)
        flag = is_nan.int()
        # Or one process would stop and the others wait for it.
        all_reduce(flag, 'max')
        if not flag.item():
            return
        own = self.report(runner, data_batch, outputs) \
            if is_nan.item() else ('', '')
        texts, faults = zip(*all_gather_object(own))
        text = '; '.join(filter(None, texts))
        self.skipped += 1
        if self.on_nan == 'stop':
            raise NaNError(
                f'{text}. The last checkpoint is good; look at the samples, '
                "lower the learning rate, or go on with NaNHook's "
                "on_nan='skip'")
        if any(faults):
            raise NaNError(f'{text}. This step cannot be left out: it has '
                           f'changed {max(faults)}')
        runner.logger.warning(f'{text}; left out, the {self.skipped}. so far')

    def report(self, runner: Runner, data_batch: Optional[dict],
               outputs: Dict[str, Tensor]) -> Tuple[str, str]:
        """What is no number here, and the first buffer that it has spoilt;
        saves the batch."""
        step = runner.iter + 1
        parts = ', '.join(key for key, value in outputs.items()
                          if not torch.as_tensor(value).isfinite().all())
        text = (f'step {step} (epoch {runner.epoch + 1}): {parts} '
                f'{"are" if "," in parts else "is"} no number for '
                f'{describe(data_batch)}')
        path = Path(runner.work_dir, f'nan_step_{step}_rank_{get_rank()}.pth')
        if self.on_nan == 'stop' or self.skipped < 10:
            save_batch(data_batch, path, step)
            text += f'; saved as {path}'
        spoilt = not_finite(dict(unwrap_model(runner.model).named_buffers()))
        return text, (spoilt or [''])[0]

    def after_train(self, runner: Runner) -> None:
        """Say how many steps were left out."""
        if self.skipped:
            runner.logger.warning(
                f'{self.skipped} steps were left out, whose loss was no '
                'number')

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Save no weights that are no numbers.

        Raises:
            NaNError: If some are.
        """
        broken = not_finite(checkpoint['state_dict'])
        if broken:
            raise NaNError(
                f'after step {runner.iter + 1}, {broken[0]} and '
                f'{len(broken) - 1} other tensors hold what is no number; '
                'they were not saved, and the last checkpoint is good')


def not_finite(tensors: Dict[str, Tensor]) -> List[str]:
    """Names of tensors that hold NaN or infinity."""
    return [name for name, value in tensors.items()
            if isinstance(value, Tensor) and value.is_floating_point()
            and not value.isfinite().all()]
