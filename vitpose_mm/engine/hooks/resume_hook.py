# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from bisect import bisect
from pathlib import Path
from socket import gethostname
from typing import Any, Optional

from mmengine.dist import (all_gather_object, barrier, broadcast_object_list,
                           get_rank, master_only)
from mmengine.hooks import Hook
from mmengine.runner import Runner, find_latest_checkpoint
from mmpose.registry import HOOKS
from torch.utils.data import DataLoader

from vitpose_mm.checkpoints.read import CheckpointError, read_checkpoint
from vitpose_mm.fileio import write_beside
from ...datasets.draw import RepeatableDataset, seed_all
from ..loops import without_idle_workers


@HOOKS.register_module()
class ResumeHook(Hook):
    """A run that was interrupted goes on as if it had not been.

    MMEngine's checkpoints hold no random state, and its loader's workers
    begin their streams anew. With this hook what a sample's transforms draw
    follows from the seed, the epoch and the sample's place in it alone, and
    what the model draws (drop path, masks) from the seed, the step and the
    process, whatever the number of workers. A training by iterations, or one
    whose last checkpoint is from within an epoch, goes on at its step without
    loading what it has seen. A validation that was interrupted is made up
    for. If the newest checkpoint is broken, ``--resume`` takes the one before.

    Steps are equal bit for bit where the device computes so, and where no
    gradients were being accumulated when the checkpoint was saved.
    """

    priority = 'LOWEST'

    def __init__(self) -> None:
        self.seed = 0
        self.done = 0

    def before_run(self, runner: Runner) -> None:
        """Let ``last_checkpoint`` name one that can be read.

        Raises:
            CheckpointError: If none can, or not in all processes the same.
        """
        if runner.cfg.get('resume') and not runner.cfg.get('load_from'):
            name_whole_checkpoint(runner)
            barrier()
            check_same_checkpoint(runner.work_dir)

    def before_train(self, runner: Runner) -> None:
        """Replace the loader, and validate if that was left out.

        Raises:
            ValueError: If the runner did not get the loader as a config.
        """
        seed = [runner.seed]
        broadcast_object_list(seed)  # they may differ by process
        self.seed = seed[0]
        loop = runner.train_loop
        loop.dataloader = repeatable(runner, loop.dataloader, self.seed)
        if hasattr(loop, 'dataloader_iterator'):  # a training by iterations
            kind = type(loop.dataloader_iterator)
            loop.dataloader.batch_sampler.start(0, loop.iter)
            loop.dataloader_iterator = SkippingIterator(
                loop.dataloader, kind, loop.iter)
        else:
            self.done = loop.iter - loop.epoch * len(loop.dataloader)
        if loop.iter and is_validation_due(runner):
            runner.logger.info('Validating, as the interrupted run was about '
                               'to when its checkpoint was saved.')
            runner.val_loop.run()

    def before_train_epoch(self, runner: Runner) -> None:
        """Start an epoch where it was left."""
        if not hasattr(runner.train_loop, 'dataloader_iterator'):
            runner.train_loop.dataloader.batch_sampler.start(
                runner.epoch, max(self.done, 0))
            self.done = 0

    def before_train_iter(self, runner: Runner, batch_idx: int,
                          data_batch: Any = None) -> None:
        """Seed what the model draws."""
        seed_all(self.seed, get_rank(), runner.iter)


class SkippingIterator:
    """An endless iterator that loads nothing for steps that are done.

    Args:
        loader: Its batch sampler passes over the same steps.
        kind: MMEngine's iterator.
        done: Steps.
    """

    def __init__(self, loader: DataLoader, kind: type, done: int) -> None:
        self.loader = loader
        self.kind = kind
        self.done = done
        self.batches = None

    def __iter__(self) -> 'SkippingIterator':
        return self

    def __next__(self) -> Any:
        if self.done:
            self.done -= 1
            return None
        if self.batches is None:
            self.batches = self.kind(self.loader)
        return next(self.batches)


def repeatable(runner: Runner, loader: DataLoader, seed: int) -> DataLoader:
    """The same loader, with a RepeatableDataset and RepeatableBatchSampler.

    Raises:
        ValueError: If the runner did not get the loader as a config.
    """
    config = runner.cfg.get('train_dataloader')
    if not isinstance(config, dict) or not isinstance(
            config.get('sampler'), dict):
        raise ValueError('ResumeHook needs train_dataloader, and its sampler, '
                         'as a config')
    config = dict(config, dataset=RepeatableDataset(loader.dataset, seed))
    config.pop('num_batch_per_epoch', None)  # the dataset is cut already
    config['batch_sampler'] = dict(
        type='RepeatableBatchSampler',
        batch_sampler=config.get('batch_sampler'),
        drop_last=config.pop('drop_last', False))
    return runner.build_dataloader(without_idle_workers(config), seed=seed)


def is_validation_due(runner: Runner) -> bool:
    """Whether a loop was about to validate where a training goes on."""
    loop = runner.train_loop
    if runner.val_loop is None:
        return False
    if hasattr(loop, 'dataloader_iterator'):
        step, last = loop.iter, loop.max_iters
    else:
        if loop.iter != loop.epoch * len(loop.dataloader):
            return False
        step, last = loop.epoch, loop.max_epochs
    interval = loop.dynamic_intervals[
        bisect(loop.dynamic_milestones, step + 1) - 1]
    return step >= loop.val_begin and (step % interval == 0 or step == last)


@master_only
def name_whole_checkpoint(runner: Runner) -> None:
    """Write the newest checkpoint that can be read into last_checkpoint, if
    the one that stands there cannot.

    Raises:
        CheckpointError: If there are checkpoints and none can be read.
    """
    folder = Path(runner.work_dir)
    named = find_latest_checkpoint(str(folder))
    if named and steps_of(Path(named)) is not None:
        return
    others = {path: steps_of(path) for path in folder.glob('*.pth')}
    whole = {path: step for path, step in others.items() if step is not None}
    if not whole:
        if named or others:
            raise CheckpointError(
                f'--resume: no checkpoint in {folder} can be read, and '
                f'last_checkpoint names {named or "none"}; train without '
                '--resume, or with load_from of a file from elsewhere')
        return
    newest = max(whole, key=whole.get)
    runner.logger.warning(
        f'last_checkpoint names {named or "no file"}, which cannot be read; '
        f'the training goes on from {newest}, step {whole[newest]}')
    write_beside(folder / 'last_checkpoint',
                 lambda path: path.write_text(str(newest)))


def check_same_checkpoint(folder: str) -> None:
    """Refuse that processes go on from different steps, as they would where
    a node does not see the first one's folder.

    Raises:
        CheckpointError: If so.
    """
    named = Path(find_latest_checkpoint(folder) or 'none').name
    found = all_gather_object((gethostname(), named))
    for host, name in found:
        if name != found[0][1]:
            raise CheckpointError(
                f'--resume: in {folder} the last checkpoint is {found[0][1]} '
                f'on {found[0][0]} and {name} on {host}; let work_dir be on '
                'a disk that all nodes share, or copy the checkpoint and '
                'last_checkpoint to each')


def steps_of(path: Path) -> Optional[int]:
    """Steps of training before a checkpoint, None if it cannot be read or a
    training cannot go on from it."""
    try:
        checkpoint = read_checkpoint(path, 'cpu', mmap=True)
        if 'optimizer' in checkpoint:
            return int(checkpoint['meta']['iter'])
    except (CheckpointError, KeyError, TypeError, ValueError):
        pass
    return None
