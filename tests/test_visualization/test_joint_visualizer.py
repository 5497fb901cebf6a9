# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import numpy as np
import pytest
from mmengine.structures import InstanceData
from mmpose.registry import VISUALIZERS
from mmpose.structures import PoseDataSample

from vitpose_mm.datasets.registered_metainfo import registered_metainfo

JOINED = {name: registered_metainfo(name) for name in ('coco', 'mpii')}
BLACK = np.zeros((96, 96, 3), np.uint8)


def people(number: int) -> InstanceData:
    rng = np.random.default_rng(number)
    return InstanceData(
        keypoints=rng.uniform(8, 88, (1, number, 2)),
        keypoints_visible=np.ones((1, number)),
        keypoint_scores=np.ones((1, number)))


def draw(kind: str, meta: dict, sample: PoseDataSample, **options):
    visualizer = VISUALIZERS.build(
        dict(type=kind, name=f'{kind}{len(meta)}{options}'))
    visualizer.set_dataset_meta(meta)
    drawn = visualizer.add_datasample(
        'picture', BLACK, sample, draw_bbox=False, **options)
    assert visualizer.dataset_meta == meta
    return visualizer.get_image() if drawn is None else drawn


@pytest.mark.parametrize('other', ['mpii', 'aic'])
def test_truth_and_prediction_have_their_own_skeletons(other):
    """COCO's people, predicted by another head, joined or not."""
    meta = dict(dataset_name='joint', joined=JOINED)
    metas = dict(coco=JOINED['coco'], mpii=JOINED['mpii'],
                 aic=registered_metainfo('aic'))
    number = dict(mpii=16, aic=14)[other]
    sample = PoseDataSample(
        metainfo=dict(dataset_name='coco', predicted_as=other),
        gt_instances=people(17), pred_instances=people(number))
    drawn = draw('JointVisualizer', meta, sample)

    truth = draw('PoseVisualizer', metas['coco'],
                 PoseDataSample(gt_instances=people(17)), draw_pred=False)
    found = draw('PoseVisualizer', metas[other],
                 PoseDataSample(pred_instances=people(number)), draw_gt=False)
    assert np.array_equal(drawn, np.concatenate([truth, found], 1))
    assert found.any() and truth.any()
