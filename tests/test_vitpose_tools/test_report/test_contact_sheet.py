# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import cv2
import numpy as np
import pytest
from mmengine.structures import InstanceData
from mmpose.registry import VISUALIZERS
from mmpose.structures import PoseDataSample

from vitpose_tools.report.contact_sheet import (TILE, draw_pair, lay_out,
                                                to_tile)


@pytest.fixture
def visualizer():
    visualizer = VISUALIZERS.build(
        dict(type='PoseLocalVisualizer', name='test_sheet', radius=3))
    visualizer.set_dataset_meta(
        dict(
            keypoint_colors=np.array([[255, 0, 0]]),
            skeleton_links=[],
            skeleton_link_colors=np.zeros((0, 3))))
    return visualizer


def test_truth_is_drawn_left_and_prediction_right(visualizer, tmp_path):
    cv2.imwrite(str(tmp_path / 'a.png'), np.zeros((60, 80, 3), np.uint8))

    def at(x, y):
        return np.array([[[x, y]]], float)

    sample = PoseDataSample(
        metainfo=dict(img_path=str(tmp_path / 'a.png')),
        gt_instances=InstanceData(
            bboxes=np.array([[20., 10., 50., 50.]]),
            keypoints=at(35, 30),
            keypoints_visible=np.ones((1, 1))),
        pred_instances=InstanceData(
            keypoints=at(35, 20), keypoint_scores=np.ones((1, 1))))
    pair = draw_pair(visualizer, sample)
    assert pair.shape == (TILE[1], 2 * TILE[0], 3)
    centres = [
        np.argwhere(half[..., 2] > 200).mean(0)
        for half in np.split(pair, 2, axis=1)
    ]
    # The tile is 1.25 boxes high: 50 image pixels on 256.
    assert centres[0] == pytest.approx([128, 96], abs=2)
    assert centres[1] == pytest.approx([128 - 10 * 256 / 50, 96], abs=2)


def test_keypoints_follow_the_warp_to_the_tile():
    warp = np.array([[2., 0., 5.], [0., 3., -1.]])
    moved = to_tile(
        InstanceData(keypoints=np.array([[[1., 2.]]])), np.ones((1, 1)), warp)
    np.testing.assert_allclose(moved.keypoints, [[[7., 5.]]])


@pytest.mark.parametrize('people, columns, rows', [(1, 1, 1), (5, 4, 2)])
def test_pairs_fill_rows_of_four(people, columns, rows):
    pairs = [np.full((20, 60, 3), 10 * i, np.uint8) for i in range(people)]
    sheet = lay_out(pairs, 4)
    assert sheet.shape == (24 + rows * 28, columns * 68, 3)
    last = sheet[24 + (rows - 1) * 28, (people - 1) % 4 * 68]
    assert (last == 10 * (people - 1)).all()
