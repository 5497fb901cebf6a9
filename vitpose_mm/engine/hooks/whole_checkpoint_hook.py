# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Iterator, List, Tuple

from mmengine.hooks import CheckpointHook
from mmengine.runner import Runner
from mmpose.registry import HOOKS


@HOOKS.register_module()
class WholeCheckpointHook(CheckpointHook):
    """MMEngine's hook, which loses no checkpoint before the next is whole.

    MMEngine's removes those that are too many first, with
    ``max_keep_ckpts=1`` the only one, and then writes the next, for which the
    disk may have no room. Takes its arguments.
    """

    is_validated = False

    def after_train_epoch(self, runner: Runner) -> None:
        """Save by epochs."""
        with self.removed_last():
            super().after_train_epoch(runner)

    def after_train_iter(self, runner: Runner, batch_idx: int,
                         data_batch: Any = None, outputs: Any = None) -> None:
        """Save by iterations."""
        with self.removed_last():
            super().after_train_iter(runner, batch_idx, data_batch, outputs)

    def after_val_epoch(self, runner: Runner, metrics: dict) -> None:
        """Save the best."""
        self.is_validated = True
        with self.removed_last():
            super().after_val_epoch(runner, metrics)
        self.is_validated = False

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """State the epochs that are done: MMEngine's FlexibleRunner counts
        one more in what is saved after a validation, and would leave an epoch
        out when it goes on."""
        if self.is_validated:
            meta = checkpoint['meta']
            meta['epoch'] = min(meta['epoch'], runner.epoch)

    @contextmanager
    def removed_last(self) -> Iterator[None]:
        """Remove files when the block has ended without a failure."""
        backend = getattr(self, 'file_backend', None)
        if backend is None:  # a validation by itself
            yield
            return
        self.file_backend = later = RemoveLater(backend)
        try:
            yield
        finally:
            self.file_backend = backend
        for remove, path in later.removals:
            getattr(backend, remove)(path)


class RemoveLater:
    """A file backend that notes what to remove.

    Args:
        backend: Does the rest.
    """

    def __init__(self, backend: Any) -> None:
        self.backend = backend
        self.removals: List[Tuple[str, Path]] = []

    def remove(self, path: Path) -> None:
        self.removals.append(('remove', path))

    def rmtree(self, path: Path) -> None:
        self.removals.append(('rmtree', path))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.backend, name)
