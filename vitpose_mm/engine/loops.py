# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from contextlib import contextmanager
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple, Union

from mmengine.evaluator import Evaluator
from mmengine.hooks import CheckpointHook
from mmengine.runner import EpochBasedTrainLoop, Runner, TestLoop, ValLoop
from mmpose.registry import DATASETS, LOOPS
from torch.utils.data import DataLoader

from vitpose_mm.fileio import why_unreadable
from ..datasets.checks import DataError, DatasetCheck
from ..datasets.checks.raw_metainfo import check_raw_metainfo

Loader = Union[DataLoader, Dict]


@LOOPS.register_module()
class CheckedTrainLoop(EpochBasedTrainLoop):
    """MMEngine's loop; data that cannot be read are named and explained.

    A dataset reads its files when the loop is built, before any hook runs.
    Where it stops there, the files are looked at and the message says what is
    wrong with them. ``num_workers=0`` needs no other key beside it.

    Args:
        runner: The runner.
        dataloader: The loader or its config.
        max_epochs: Epochs to train.
        val_begin: First epoch that is validated.
        val_interval: Epochs between validations.
        dynamic_intervals: Pairs of an epoch and the interval from there on.

    Raises:
        DataError: If the files of a dataset cannot be used.
    """

    def __init__(
            self,
            runner: Runner,
            dataloader: Loader,
            max_epochs: int,
            val_begin: int = 1,
            val_interval: int = 1,
            dynamic_intervals: Optional[List[Tuple[int, int]]] = None) -> None:
        with explained(dataloader):
            super().__init__(runner, without_idle_workers(dataloader),
                             max_epochs, val_begin, val_interval,
                             dynamic_intervals)


@LOOPS.register_module()
class CheckedValLoop(ValLoop):
    """MMEngine's loop with what CheckedTrainLoop adds.

    It also runs by itself: MMEngine's CheckpointHook with ``save_best`` would
    save the model as the best at the end of it, but is not ready for that
    before a training.

    Args:
        runner: The runner.
        dataloader: The loader or its config.
        evaluator: The evaluator, or the config of one or of its metrics.
        fp16: Whether to run in float16.
    """

    def __init__(self,
                 runner: Runner,
                 dataloader: Loader,
                 evaluator: Union[Evaluator, Dict, List],
                 fp16: bool = False) -> None:
        with explained(dataloader, evaluator):
            super().__init__(runner, without_idle_workers(dataloader),
                             evaluator, fp16)

    def run(self) -> dict:
        """Validate.

        Returns:
            Metrics by name.
        """
        savers = {
            hook: hook.save_best for hook in self.runner.hooks
            if isinstance(hook, CheckpointHook)
            and not hasattr(hook, 'file_backend')
        }
        for hook in savers:
            hook.save_best = None
        try:
            return super().run()
        finally:
            for hook, save_best in savers.items():
                hook.save_best = save_best


@LOOPS.register_module()
class CheckedTestLoop(TestLoop):
    """MMEngine's loop with what CheckedTrainLoop adds.

    Args:
        runner: The runner.
        dataloader: The loader or its config.
        evaluator: The evaluator, or the config of one or of its metrics.
        fp16: Whether to run in float16.
    """

    def __init__(self,
                 runner: Runner,
                 dataloader: Loader,
                 evaluator: Union[Evaluator, Dict, List],
                 fp16: bool = False) -> None:
        with explained(dataloader, evaluator):
            super().__init__(runner, without_idle_workers(dataloader),
                             evaluator, fp16)


def without_idle_workers(loader: Loader) -> Loader:
    """Keep no workers alive where there are none, which PyTorch refuses."""
    if isinstance(loader, dict) and loader.get('num_workers') == 0:
        return dict(loader, persistent_workers=False)
    return loader


@contextmanager
def explained(
        loader: Loader,
        evaluator: Union[None, Evaluator, Dict, List] = None
) -> Iterator[None]:
    """If a loop cannot be built, look whether its data are the reason.

    Raises:
        ValueError: If a file stands in for another, as a Git LFS pointer.
        DataError: If the data of the dataset cannot be used; says what is
            wrong with them.
    """
    try:
        yield
    except Exception as error:
        if not isinstance(loader, dict):
            raise
        configs = dataset_configs(loader['dataset'])
        findings = [finding for config in configs
                    for finding in check_raw_metainfo(config.get('metainfo'))]
        if findings:
            raise DataError(findings) from error
        datasets = [
            DATASETS.build(dict(config, lazy_init=True)) for config in configs
        ]
        for file in texts_in([*map(vars, datasets), evaluator]):
            reason = why_unreadable(file)
            if reason:
                raise ValueError(f'{file} was not read: {reason}') from error
        check = DatasetCheck()
        findings = [
            finding for dataset in datasets for finding in check(dataset)
            if finding.refused
        ]
        if not findings:
            raise
        raise DataError(findings) from error


def texts_in(value: Any) -> Iterator[str]:
    """All texts of nested dictionaries and lists, paths among them."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list, tuple)):
        parts = value.values() if isinstance(value, dict) else value
        for part in parts:
            yield from texts_in(part)


def dataset_configs(config: dict) -> Sequence[dict]:
    """Configs of the datasets that a config joins or wraps, or itself."""
    if 'datasets' in config:
        return [leaf for part in config['datasets']
                for leaf in dataset_configs(part)]
    if 'dataset' in config:
        return dataset_configs(config['dataset'])
    return [config]
