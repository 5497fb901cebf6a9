# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import numpy as np
import pytest
from mmengine.structures import InstanceData
from mmpose.registry import VISUALIZERS
from mmpose.structures import PoseDataSample


@pytest.mark.parametrize('backend', ['opencv', 'matplotlib'])
def test_keypoints_are_drawn_where_they_are(backend):
    visualizer = VISUALIZERS.build(
        dict(
            type='PoseVisualizer',
            name=f'test_{backend}',
            backend=backend,
            radius=3))
    visualizer.set_dataset_meta(
        dict(skeleton_links=[], keypoint_colors=np.array([[0, 0, 255]] * 2),
             skeleton_link_colors=[]))
    people = InstanceData(
        keypoints=np.array([[[12., 20.], [50., 40.]]]),
        keypoint_scores=np.ones((1, 2)))

    drawn = visualizer.add_datasample(
        'picture', np.zeros((64, 64, 3), np.uint8),
        PoseDataSample(pred_instances=people), draw_gt=False,
        draw_bbox=False)

    # A disk of radius 3 covers about 28 pixels.
    y, x = np.nonzero(drawn[..., 2] > 127)
    for point in ((12, 20), (50, 40)):
        near = np.hypot(x - point[0], y - point[1]) < 6
        assert 15 < near.sum() < 90
        # Matplotlib 3.10 draws a whole pixel higher than OpenCV.
        assert abs(x[near].mean() - point[0]) < 1.5
        assert abs(y[near].mean() - point[1]) < 1.5
