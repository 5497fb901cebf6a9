# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import textwrap
from collections import defaultdict
from typing import Dict, List, Optional, Sequence, Union

import torch
from mmengine.dist import all_reduce
from mmengine.evaluator import BaseMetric, Evaluator
from mmengine.logging import MMLogger
from mmengine.structures import BaseDataElement
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.evaluation.evaluators import MultiDatasetEvaluator
from mmpose.registry import DATASETS, EVALUATORS, METRICS

LINE_WIDTH = 100
NO_BREAK = '\u00a0'


@EVALUATORS.register_module()
class JointEvaluator(MultiDatasetEvaluator):
    """Evaluate each dataset of a joint loader by its own metrics.

    Samples find their metrics by the ``dataset_name`` of their metainfo.
    Results are named ``<dataset_name>/<metric>``, so that none collide and
    ``save_best`` can name one of them; a table of all closes a test.

    Args:
        metrics: For each dataset its metric, or a list of them. A metric's
            own ``prefix`` stands for the dataset name.
        datasets: Configs of the datasets, in the same order. Only ``type``
            and ``metainfo`` are looked at: they tell the dataset's metainfo.

    Raises:
        ValueError: If metrics and datasets do not match, or two datasets
            have one name.
    """

    def __init__(self, metrics: Sequence[Union[dict, BaseMetric, Sequence]],
                 datasets: Sequence[dict]) -> None:
        if len(metrics) != len(datasets):
            raise ValueError(f'{len(metrics)} entries of metrics for '
                             f'{len(datasets)} datasets; write one for each')
        self.metrics_dict: Dict[str, List[BaseMetric]] = {}
        for dataset, entry in zip(datasets, metrics):
            metainfo = load_metainfo(dataset)
            name = metainfo['dataset_name']
            if name in self.metrics_dict:
                raise ValueError(
                    f"two datasets are named '{name}', and samples carry "
                    'nothing but this name; give one of them a metainfo file '
                    'with another dataset_name')
            self.metrics_dict[name] = build_metrics(entry, metainfo)
        Evaluator.__init__(
            self,
            [metric for entry in self.metrics_dict.values()
             for metric in entry])
        self.counts = dict.fromkeys(self.metrics_dict, 0)

    def process(self,
                data_samples: Sequence[Union[BaseDataElement, dict]],
                data_batch: Optional[dict] = None) -> None:
        """Hand each sample to the metrics of its dataset.

        Args:
            data_samples: Predictions with the ground truth, of any datasets,
                as elements or as dicts.
            data_batch: What the loader gave for them, in the same order.

        Raises:
            ValueError: If a sample's dataset has no metric.
        """
        data_samples = [
            sample.to_dict() if isinstance(sample, BaseDataElement) else sample
            for sample in data_samples
        ]
        rows = defaultdict(list)
        for row, sample in enumerate(data_samples):
            rows[sample['dataset_name']].append(row)
        for name, picked in rows.items():
            if name not in self.metrics_dict:
                raise ValueError(
                    f"no metric for samples of '{name}'; the evaluator has "
                    f'{", ".join(self.metrics_dict)}')
            self.counts[name] += len(picked)
            samples = [data_samples[row] for row in picked]
            batch = data_batch and {
                key: [values[row] for row in picked]
                for key, values in data_batch.items()
            }
            for metric in self.metrics_dict[name]:
                metric.process(batch, samples)

    def evaluate(self, size: int) -> dict:
        """Compute and log all metrics.

        Args:
            size: Samples of the whole loader.

        Returns:
            Results of all datasets by name; those of a dataset without
            samples are left out.

        Raises:
            ValueError: If two results have one name.
        """
        counts = torch.tensor(list(self.counts.values()))
        all_reduce(counts)
        counts = dict(zip(self.counts, counts.tolist()))
        self.counts = dict.fromkeys(self.counts, 0)
        results: Dict[str, Dict[str, float]] = {}
        for name, metrics in self.metrics_dict.items():
            results[name] = {}
            for metric in metrics if counts[name] else ():
                for key, value in metric.evaluate(size).items():
                    if any(key in others for others in results.values()):
                        raise ValueError(
                            f"two metrics are named '{key}'; give one of "
                            'them another prefix')
                    results[name][key] = value
        MMLogger.get_current_instance().info(
            '\n%s', draw_table(counts, results))
        return {
            key: value
            for entry in results.values() for key, value in entry.items()
        }


@METRICS.register_module(name='JointEvaluator')
class JointMetric(JointEvaluator):
    """JointEvaluator as one of a list of metrics, which `mim test --dump`
    makes of it."""

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """As JointEvaluator.process, in the order of a metric."""
        super().process(data_samples, data_batch)


def load_metainfo(dataset: dict) -> dict:
    """Parsed metainfo of a dataset config: its own or its class's."""
    own = dataset.get('metainfo')
    return parse_pose_metainfo(own or DATASETS.get(dataset['type']).METAINFO)


def build_metrics(entry: Union[dict, BaseMetric, Sequence],
                  metainfo: dict) -> List[BaseMetric]:
    """Build the metrics of one dataset and tell them its metainfo."""
    metrics = []
    for metric in entry if isinstance(entry, (list, tuple)) else [entry]:
        if isinstance(metric, dict):
            metric = METRICS.build(
                {'prefix': metainfo['dataset_name'], **metric})
        # A metric may change its own.
        metric.dataset_meta = dict(metainfo)
        metrics.append(metric)
    return metrics


def draw_table(counts: Dict[str, int],
               results: Dict[str, Dict[str, float]]) -> str:
    """Draw a line per dataset: name, samples, results without prefix."""
    rows = [('dataset', 'samples', 'results')]
    for name, count in counts.items():
        # Lines may break between results only.
        texts = [
            f'{key.split("/", 1)[-1]} {value:.4g}'.replace(' ', NO_BREAK)
            for key, value in results[name].items()
        ]
        rows.append((name, str(count), ', '.join(texts) or 'no sample'))
    width = max(len(name) for name, _, _ in rows)
    lines = []
    for name, count, text in rows:
        start = f'{name:<{width}}  {count:>7}  '
        lines += textwrap.wrap(
            text,
            LINE_WIDTH,
            initial_indent=start,
            subsequent_indent=' ' * len(start))
    return '\n'.join(lines).replace(NO_BREAK, ' ')
