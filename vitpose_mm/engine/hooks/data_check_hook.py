# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Iterator, List, Optional, Sequence

from mmengine.dataset import BaseDataset
from mmengine.dist import broadcast_object_list, is_main_process
from mmengine.evaluator import BaseMetric, Evaluator
from mmengine.hooks import Hook
from mmengine.runner import BaseLoop
from mmpose.registry import HOOKS

from vitpose_mm.datasets.checks import (WARNING, DataError, DatasetCheck,
                                        Finding)


@HOOKS.register_module()
class DataCheckHook(Hook):
    """Refuse annotation files that train or score wrongly without a word.

    MMPose's datasets drop whom they cannot use, and its metrics compute with
    what they find: one NaN makes an untrained network perfect. Before the
    first batch of a training, a validation or a test this hook looks at what
    the datasets and metrics of the run read, each file once, on the first
    process. What cannot be meant stops the run on all of them; what may be
    meant is a warning.
    """

    def __init__(self) -> None:
        self.checked: List[BaseLoop] = []

    def before_train(self, runner) -> None:
        self.check(runner, [runner.train_loop, runner.val_loop])

    def before_val(self, runner) -> None:
        self.check(runner, [runner.val_loop])

    def before_test(self, runner) -> None:
        self.check(runner, [runner.test_loop])

    def check(self, runner, loops: Sequence[Optional[BaseLoop]]) -> None:
        """Check the data of loops that were not checked before.

        Raises:
            DataError: If the run must not start.
        """
        loops = [loop for loop in loops
                 if loop is not None and loop not in self.checked]
        if not loops:
            return
        self.checked += loops
        shared = [find(loops) if is_main_process() else []]
        broadcast_object_list(shared)
        refused = [finding for finding in shared[0] if finding.refused]
        for finding in shared[0]:
            if not finding.refused:
                runner.logger.warning(finding.text)
        if refused:
            raise DataError(refused)


def find(loops: Sequence[BaseLoop]) -> List[Finding]:
    """Check all datasets of loops and the metrics of each."""
    known = {}
    for loop in loops:
        for metric in getattr(loop, 'evaluator', Evaluator([])).metrics:
            content = getattr(getattr(metric, 'coco', None), 'dataset', None)
            if content and getattr(metric, 'ann_file', None):
                known[metric.ann_file] = content
    check = DatasetCheck(known)
    findings = []
    for loop in loops:
        evaluator = getattr(loop, 'evaluator', None)
        for dataset in datasets_of(loop.dataloader.dataset):
            try:
                findings += check(dataset, metrics_for(evaluator, dataset))
            except Exception as error:
                # The other processes wait: whatever a file of a format not
                # thought of here causes, the run goes on.
                findings.append(
                    Finding('not-checked',
                            str(getattr(dataset, 'ann_file', dataset)),
                            f'not checked ({type(error).__name__}: {error})',
                            severity=WARNING))
    return findings


def datasets_of(dataset) -> Iterator[BaseDataset]:
    """The datasets that one joins or wraps, or itself."""
    for part in getattr(dataset, 'datasets', ()):
        yield from datasets_of(part)
    if hasattr(dataset, 'dataset'):
        yield from datasets_of(dataset.dataset)
    if isinstance(dataset, BaseDataset):
        yield dataset


def metrics_for(evaluator: Optional[Evaluator],
                dataset: BaseDataset) -> Sequence[BaseMetric]:
    """The metrics that samples of a dataset go to."""
    by_name = getattr(evaluator, 'metrics_dict', None)
    if by_name is None:
        return evaluator.metrics if evaluator else []
    metrics = by_name.get(dataset.metainfo.get('dataset_name'), [])
    return metrics if isinstance(metrics, (list, tuple)) else [metrics]
