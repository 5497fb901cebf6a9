# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from mmengine.runner import Runner

from ..optim_wrappers import wrappers_of


def check_scaled_lr(runner: Runner) -> None:
    """Refuse a learning rate that was scaled for a part of a step.

    MMEngine scales by the crops of one forward pass and does not count how
    many of these an optimiser's step gathers.

    Raises:
        ValueError: If so; names the right one.
    """
    options = getattr(runner, 'cfg', {}).get('auto_scale_lr') or {}
    if not options.get('enable', False):
        return
    count = max(wrapper._accumulative_counts
                for wrapper in wrappers_of(runner.optim_wrapper))
    if count > 1:
        batch = runner.world_size * runner.train_dataloader.batch_size
        rate = runner.cfg.optim_wrapper.optimizer.lr * count * batch / \
            options['base_batch_size']
        raise ValueError(
            f'--auto-scale-lr makes the learning rate {count} times too '
            f'small: it counts the {batch} samples of one batch, and a step '
            f'gathers optim_wrapper.accumulative_counts={count} batches. '
            'Leave it out and write --cfg-options '
            f'optim_wrapper.optimizer.lr={rate:g}')
