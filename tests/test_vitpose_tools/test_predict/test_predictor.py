# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import cv2
import numpy as np
import pytest
from mmpose.apis import inference_bottomup, inference_topdown, init_model

from vitpose_tools.predict import PredictError, Predictor

from .conftest import PLAIN, SMOOTH

FLIP = 'model = dict(test_cfg=dict(flip_test={}))\n'
WARP = """
test_dataloader = dict(dataset=dict(pipeline=[
    dict(type='LoadImage'), dict(type='GetBBoxCenterScale', padding=1.1),
    dict(type='TopdownAffine', input_size=(96, 128), use_udp={}),
    dict(type='PackPoseInputs')]))
"""
# The last ones reach beyond the image, and are one pixel large.
BOXES = np.array([[100, 80, 300, 400], [20.5, 30.25, 90, 310],
                  [-50, -20, 200, 100], [200, 200, 201, 201]], np.float32)


def stock(config, weights, image, boxes, flip):
    model = init_model(str(config), str(weights), 'cpu')
    model.test_cfg['flip_test'] = flip
    samples = inference_topdown(model, str(image), boxes)
    return (np.concatenate([s.pred_instances.keypoints for s in samples]),
            np.concatenate([s.pred_instances.keypoint_scores
                            for s in samples]))


@pytest.mark.parametrize('codec, atol', [
    (f'model = dict(head=dict(decoder={PLAIN}))\n', 1e-3), (SMOOTH, 0.05)],
    ids=['plain', 'refined'])
@pytest.mark.parametrize('use_udp', [True, False])
@pytest.mark.parametrize('flip', [True, False])
def test_keypoints_are_those_of_mmpose(trained, real_data, codec, atol,
                                       use_udp, flip):
    config, weights = trained(text=codec + WARP.format(use_udp))
    image = real_data / 'coco' / '000000000785.jpg'
    keypoints, scores = stock(config, weights, image, BOXES, flip)
    poses = Predictor(config, weights, flip=flip, batch_size=3)(image, BOXES)
    np.testing.assert_allclose(poses.keypoints, keypoints, atol=atol)
    np.testing.assert_allclose(poses.scores, scores, atol=1e-5)
    np.testing.assert_array_equal(poses.boxes, BOXES)
    assert poses.source == str(image) and poses.size == (640, 425)
    assert len(poses.skeleton.names) == poses.keypoints.shape[1] == 17
