# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""MMPose's own metrics, through xtcocotools-lite."""
import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.evaluation.metrics import coco_metric, coco_wholebody_metric
from mmpose.registry import METRICS
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

SPEC = importlib.util.spec_from_file_location(
    'reference', Path(__file__).with_name('reference.py'))
reference = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(reference)

WHOLEBODY = ('keypoints', 'foot_kpts', 'face_kpts', 'lefthand_kpts',
             'righthand_kpts')


@pytest.fixture(autouse=True)
def through_lite(lite, monkeypatch):
    monkeypatch.setattr(coco_metric, 'COCO', lite.coco.COCO)
    for module in (coco_metric, coco_wholebody_metric):
        monkeypatch.setattr(module, 'COCOeval', lite.cocoeval.COCOeval)


def one_category(dataset: dict) -> dict:
    """The people of a made-up dataset without crowds, of one category."""
    for annotation in dataset['annotations']:
        annotation.update(category_id=1, iscrowd=0)
    return dict(dataset, categories=dataset['categories'][:1])


def evaluate(folder: Path, dataset: dict, parts: tuple, **options) -> tuple:
    """Figures and sigmas of a metric, and the results it wrote."""
    file = folder / 'annotations.json'
    file.write_text(json.dumps(dataset))
    metric = METRICS.build(dict(
        ann_file=str(file), score_mode='bbox', nms_mode='none',
        outfile_prefix=str(folder / 'out'), **options))
    name = {17: 'coco', 14: 'crowdpose', 133: 'coco_wholebody'}[sum(
        len(dataset['annotations'][0][part]) // 3 for part in parts)]
    metric.dataset_meta = parse_pose_metainfo(
        dict(from_file=f'configs/_base_/datasets/{name}.py'))
    rng = np.random.default_rng(1)
    for index, truth in enumerate(dataset['annotations'] * 3):
        points = np.reshape([v for part in parts for v in truth[part]],
                            (1, -1, 3))
        noise = rng.normal(0, truth['bbox'][3] * rng.uniform(0, .05),
                           points[..., :2].shape)
        metric.process({}, [dict(
            id=index, img_id=truth['image_id'],
            category_id=truth['category_id'],
            pred_instances=dict(
                keypoints=points[..., :2] + noise,
                keypoint_scores=rng.random(points.shape[:2])),
            gt_instances=dict(bbox_scores=rng.random(1)))])
    figures = metric.evaluate(size=index + 1)
    results = json.loads((folder / 'out.keypoints.json').read_text())
    return figures, metric.dataset_meta['sigmas'], results


def test_coco_metric_gives_the_figures_of_pycocotools(tmp_path, made_up):
    dataset = made_up.made_up(np.random.default_rng(0), 60)
    for annotation in dataset['annotations']:
        # pycocotools takes the id 0 for no match, and this for labelled.
        annotation['id'] += 1
        annotation['num_keypoints'] = sum(
            v > 0 for v in annotation['keypoints'][2::3])
    figures, _, _ = evaluate(
        tmp_path, dataset, WHOLEBODY[:1], type='CocoMetric')
    truth = COCO(str(tmp_path / 'annotations.json'))
    stock = COCOeval(truth, truth.loadRes(str(
        tmp_path / 'out.keypoints.json')), 'keypoints')
    stock.evaluate()
    stock.accumulate()
    stock.summarize()
    assert stock.stats[0] > .1
    assert list(figures.values()) == pytest.approx(
        stock.stats.tolist(), abs=1e-7)


def test_coco_wholebody_metric_gives_the_figures_of_loops(tmp_path, made_up):
    dataset = one_category(
        made_up.made_up(np.random.default_rng(0), 40, parts=True))
    figures, sigmas, results = evaluate(
        tmp_path, dataset, WHOLEBODY, type='CocoWholeBodyMetric')
    ap, ar = reference.average_precision(
        dataset['annotations'], results, WHOLEBODY, sigmas,
        lambda truth: truth['area'], lambda truth: any(
            v > 0 for part in WHOLEBODY for v in truth[part][2::3]))
    assert .1 < ap < .9
    assert figures['coco-wholebody/AP'] == pytest.approx(ap, abs=1e-9)
    assert figures['coco-wholebody/AR'] == pytest.approx(ar, abs=1e-9)


def test_crowdpose_gives_the_figures_of_loops(tmp_path, made_up):
    """Also of easy, medium and hard images, from 0.2 and from 0.8."""
    dataset = one_category(
        made_up.made_up(np.random.default_rng(0), 80, keypoints=14))
    figures, sigmas, results = evaluate(
        tmp_path, dataset, WHOLEBODY[:1], type='CocoMetric',
        iou_type='keypoints_crowd', use_area=False, prefix='crowd')
    crowding = [image['crowdIndex'] for image in dataset['images']]
    for kind, low, high in (('', 0, 1), ('(E)', 0, .2), ('(M)', .2, .8),
                            ('(H)', .8, 1)):
        truths, found = ([entry for entry in entries
                          if low <= crowding[entry['image_id']] < high]
                         for entries in (dataset['annotations'], results))
        ap, ar = reference.average_precision(
            truths, found, WHOLEBODY[:1], sigmas,
            lambda truth: truth['bbox'][2] * truth['bbox'][3] * .53,
            lambda truth: truth['num_keypoints'] > 0)
        assert .1 < ap < .9
        # CrowdPose rounds those of the three kinds.
        assert figures[f'crowd/AP{kind}'] == pytest.approx(
            ap, abs=1e-9 if not kind else 6e-5)
        if not kind:
            assert figures['crowd/AR'] == pytest.approx(ar, abs=1e-9)
