# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""What COCO's evaluation misreads is found, and misread."""
import contextlib
import copy
import io
import json
import math

import numpy as np
import pytest
from mmengine.config import Config
from mmpose.registry import DATASETS
from xtcocotools.coco import COCO
from xtcocotools.cocoeval import COCOeval

from vitpose_mm.datasets.checks import DatasetCheck


@pytest.fixture
def ap(coco, repo, tmp_path):
    """AP of guesses that are a tenth of the person's box off."""
    import mmpose
    sigmas = Config.fromfile(
        f'{mmpose.__path__[0]}/.mim/configs/_base_/datasets/coco.py'
    ).dataset_info.sigmas

    def measure(content) -> float:
        (tmp_path / 'truth.json').write_text(json.dumps(content))
        with contextlib.redirect_stdout(io.StringIO()):
            truth = COCO(str(tmp_path / 'truth.json'))
            guesses = truth.loadRes([
                dict(image_id=ann['image_id'], category_id=1, score=.9,
                     keypoints=(np.array(ann['keypoints'], float)
                                + ann['bbox'][2] / 10).tolist())
                for ann in content['annotations'] if ann['num_keypoints']])
            result = COCOeval(truth, guesses, 'keypoints', np.array(sigmas))
            result.evaluate()
            result.accumulate()
            result.summarize()
        return result.stats[0]

    return measure


def all_people(**values):

    def change(content):
        for ann in content['annotations']:
            ann.update(values)

    return change


def negative_ids(content):
    for ann in content['annotations']:
        ann['id'] *= -1


@pytest.mark.parametrize('change, kind, misread', [
    (negative_ids, 'id-negative', 0.),
    (all_people(area=math.inf), 'area', -1.),
    (all_people(area=1e9), 'area-large', 1.),
    (all_people(area=.2), 'area-small', 0.),
])
def test_what_makes_the_metric_lie_is_refused(check, coco, ap, change, kind,
                                              misread):
    assert 0.02 < ap(coco) < 0.98
    assert check(coco, {}) == []
    coco = copy.deepcopy(coco)
    change(coco)
    assert ap(coco) == misread
    finding, = check(coco, {})
    assert finding.refused and finding.kind == kind
    assert finding.count >= 12


def test_an_id_of_zero_is_a_warning(check, coco):
    coco = copy.deepcopy(coco)
    coco['annotations'][0]['id'] = 0
    finding, = check(coco, {})
    assert finding.kind == 'id-zero' and not finding.refused
    assert 'for example annotation 0' in finding.text


def test_a_few_odd_areas_are_a_warning(check, coco):
    coco = copy.deepcopy(coco)
    coco['annotations'][0]['area'] = 1e6
    finding, = check(coco, {})
    assert finding.kind == 'area-large' and not finding.refused


def test_areas_that_a_query_decoder_learns_from_are_checked(coco, tmp_path):
    label = dict(type='QueryPoseLabel', input_size=(64, 64))

    def findings(area, encoder=label):
        content = copy.deepcopy(coco)
        for ann in content['annotations']:
            ann['area'] = area
        file = tmp_path / 'train.json'
        file.write_text(json.dumps(content))
        dataset = DATASETS.build(
            dict(type='CocoDataset', data_mode='bottomup', lazy_init=True,
                 ann_file=str(file),
                 pipeline=[dict(type='GenerateTarget', encoder=encoder)]))
        return [finding for finding in DatasetCheck()(dataset)
                if finding.kind == 'area-learnt']

    for area in (0, -5, math.nan):
        found, = findings(area)
        assert found.refused
    assert not findings(100.)
    heatmaps = dict(type='UDPHeatmap', input_size=(64, 64),
                    heatmap_size=(16, 16), sigma=2)
    assert not findings(0, heatmaps)
