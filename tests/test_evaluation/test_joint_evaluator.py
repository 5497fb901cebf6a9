# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from unittest import mock

import numpy as np
import pytest
from mmengine.evaluator import BaseMetric
from mmengine.logging import MMLogger
from mmengine.structures import InstanceData
from mmpose.registry import EVALUATORS
from mmpose.structures import PoseDataSample
from processes import run_processes
from torch import distributed

from vitpose_mm.evaluation.joint_evaluator import draw_table

COCO, MPII, AIC = (
    dict(type=f'{name}Dataset') for name in ('Coco', 'Mpii', 'Aic'))
PCK = dict(type='PCKAccuracy', thr=0.2)
EPE = dict(type='EPE')


def sample(name: str, keypoints: int, error: float) -> PoseDataSample:
    """A person in a box of 100 pixels, predicted ``error`` pixels off."""
    sample = PoseDataSample(metainfo=dict(dataset_name=name))
    truth = np.full((1, keypoints, 2), 50.)
    sample.gt_instances = InstanceData(
        keypoints=truth,
        keypoints_visible=np.ones((1, keypoints)),
        bboxes=np.array([[0., 0., 100., 100.]]))
    sample.pred_instances = InstanceData(keypoints=truth + (error, 0))
    return sample


def build(datasets: list, metrics: list):
    evaluator = EVALUATORS.build(
        dict(type='JointEvaluator', datasets=datasets, metrics=metrics))
    evaluator.dataset_meta = dict(dataset_name='the first')
    return evaluator


def run(evaluator, samples: list) -> dict:
    batch = dict(inputs=samples, data_samples=samples)
    evaluator.process(samples, batch)
    return evaluator.evaluate(len(samples))


@pytest.fixture
def log(monkeypatch):
    """What the logger is told."""
    lines = []
    monkeypatch.setattr(
        MMLogger.get_current_instance(), 'info',
        lambda text, *args: lines.append(text % args))
    return lines


def test_each_dataset_is_measured_by_its_own_metrics():
    """A mixed batch: 10 pixels off are 0.1 boxes, 30 pixels are 0.3."""
    evaluator = build([COCO, MPII], [[PCK, EPE], EPE])
    samples = [sample('coco', 17, 10), sample('mpii', 16, 7),
               sample('coco', 17, 30), sample('mpii', 16, 9)]

    assert run(evaluator, samples) == pytest.approx({
        'coco/PCK': 0.5, 'coco/EPE': 20., 'mpii/EPE': 8.})
    # Nothing is left for the next validation.
    assert run(evaluator, samples[:2]) == pytest.approx({
        'coco/PCK': 1., 'coco/EPE': 10., 'mpii/EPE': 7.})


def test_metrics_see_the_batch_of_their_samples():
    """Also a metric that is no config."""
    metric = mock.Mock(spec=BaseMetric)
    evaluator = build([COCO, MPII], [EPE, metric])
    samples = [sample(name, 16, 0) for name in ('mpii', 'coco', 'mpii')]
    evaluator.process(samples, dict(inputs=[5, 6, 7], data_samples=samples))

    (batch, given), _ = metric.process.call_args
    assert batch['inputs'] == [5, 7]
    assert [each['dataset_name'] for each in given] == ['mpii', 'mpii']


def test_metrics_know_the_metainfo_of_their_dataset():
    evaluator = build([COCO, MPII], [[PCK, EPE], EPE])

    assert [metric.dataset_meta['num_keypoints']
            for metric in evaluator.metrics] == [17, 17, 16]


def test_two_configs_of_one_class_are_told_apart(tmp_path):
    """By the dataset_name of the metainfo that a config names."""
    mine = tmp_path / 'mine.py'
    mine.write_text("_base_ = ['mmpose::_base_/datasets/coco.py']\n"
                    "dataset_info = dict(dataset_name='mine')\n")
    other = dict(COCO, metainfo=dict(from_file=str(mine)))
    evaluator = build([COCO, other], [EPE, EPE])

    assert run(evaluator, [sample('mine', 17, 3), sample('coco', 17, 5)]) == \
        pytest.approx({'coco/EPE': 5., 'mine/EPE': 3.})


def test_one_table_shows_all(log):
    evaluator = build([COCO, MPII], [[PCK, EPE], PCK])
    run(evaluator, [sample('coco', 17, 10), sample('coco', 17, 30)])

    assert log[-1].splitlines() == [
        '',
        'dataset  samples  results',
        'coco           2  PCK 0.5, EPE 20',
        'mpii           0  no sample']


def test_long_lines_break_between_results():
    metrics = {f'coco/AP ({i})': i / 10 for i in range(12)}
    lines = draw_table(dict(coco=3), dict(coco=metrics)).splitlines()

    assert len(lines) == 3 and all(len(line) <= 100 for line in lines)
    assert ' '.join(line[18:] for line in lines[1:]) == ', '.join(
        f'AP ({i}) {i / 10:g}' for i in range(12))


def test_dataset_without_a_sample_does_not_stop_the_others(real_data):
    """Stock CocoMetric cannot work on nothing."""
    ann_file = str(real_data / 'coco' / 'test_coco.json')
    evaluator = build([COCO, MPII],
                      [dict(type='CocoMetric', ann_file=ann_file), EPE])

    assert run(evaluator, [sample('mpii', 16, 2)]) == {'mpii/EPE': 2.}


def evaluate() -> dict:
    """As one of two processes: all of mpii and a coco sample are at the
    first, the second has a coco sample alone."""
    evaluator = build([COCO, MPII, AIC], [[PCK, EPE], EPE, EPE])
    samples = [[sample('coco', 17, 10), sample('mpii', 16, 8)],
               [sample('coco', 17, 30)]][distributed.get_rank()]
    evaluator.process(samples)
    return evaluator.evaluate(3)


def test_two_processes_measure_what_they_have_together():
    assert run_processes(evaluate, 2) == 2 * [pytest.approx({
        'coco/PCK': 0.5, 'coco/EPE': 20., 'mpii/EPE': 8.})]


def test_sample_without_a_metric_is_named():
    with pytest.raises(ValueError, match="no metric for samples of 'aic'"):
        run(build([COCO, MPII], [EPE, EPE]), [sample('aic', 14, 0)])


@pytest.mark.parametrize('datasets, metrics, message', [
    ([COCO, MPII], [EPE], '1 entries of metrics for 2 datasets'),
    ([COCO, COCO], [EPE, PCK], "two datasets are named 'coco'"),
])
def test_configs_that_cannot_be_right_are_refused(datasets, metrics, message):
    with pytest.raises(ValueError, match=message):
        build(datasets, metrics)


def test_results_of_one_name_need_a_prefix():
    twice = [PCK, dict(PCK, thr=0.05)]
    samples = [sample('coco', 17, 10)]
    with pytest.raises(ValueError, match="two metrics are named 'coco/PCK'"):
        run(build([COCO], [twice]), samples)

    apart = [PCK, dict(PCK, thr=0.05, prefix='coco-strict')]
    assert run(build([COCO], [apart]), samples) == {
        'coco/PCK': 1., 'coco-strict/PCK': 0.}
