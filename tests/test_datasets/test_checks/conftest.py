# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import json

import pytest
from mmpose.registry import DATASETS, METRICS

from vitpose_mm.datasets.checks import DatasetCheck

PIPELINE = [
    dict(type='LoadImage'),
    dict(type='GetBBoxCenterScale'),
    dict(type='PackPoseInputs')
]


@pytest.fixture(scope='module')
def coco(real_data) -> dict:
    return json.loads((real_data / 'coco/test_coco.json').read_text())


@pytest.fixture
def check(tmp_path, real_data):
    """Writes annotations, looks at them, returns the findings."""

    def call(content, metric=None, detections=None, truth=None,
             kind='CocoDataset', images=None, **options):
        file = tmp_path / 'people.json'
        file.write_text(
            content if isinstance(content, str) else json.dumps(content))
        if detections is not None:
            options['bbox_file'] = str(tmp_path / 'boxes.json')
            (tmp_path / 'boxes.json').write_text(json.dumps(detections))
        dataset = DATASETS.build(
            dict(
                type=kind,
                ann_file=str(file),
                data_prefix=dict(img=images or str(real_data / 'coco')),
                test_mode=True,
                lazy_init=True,
                **{'pipeline': PIPELINE, **options}))
        metrics = []
        if metric is not None:
            metrics = [METRICS.build({'type': 'CocoMetric', **metric})]
            metrics[0].ann_file = str(file)
        if truth is not None:
            (tmp_path / 'truth.json').write_text(json.dumps(truth))
            metrics[0].ann_file = str(tmp_path / 'truth.json')
        return DatasetCheck()(dataset, metrics)

    return call
