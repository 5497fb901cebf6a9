# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import cv2
import numpy as np
import pytest
from mmengine.dataset import BaseDataset, ConcatDataset
from mmengine.structures import InstanceData
from mmpose.registry import VISUALIZERS
from mmpose.structures import PoseDataSample

from vitpose_tools.report.contact_sheet import (IMAGE_TILE, TILE, draw_pair,
                                                lay_out, pick, to_tile)


def meta(colour, count=1):
    """Metainfo of keypoints of one colour (r, g, b)."""
    return dict(
        num_keypoints=count, keypoint_colors=np.array([colour] * count),
        skeleton_links=[], skeleton_link_colors=np.zeros((0, 3)))


RED, GREEN = meta([255, 0, 0]), meta([0, 255, 0])


@pytest.fixture
def visualizer():
    return VISUALIZERS.build(
        dict(type='PoseVisualizer', name='test_sheet', radius=3))


def at(x, y):
    return np.array([[[x, y]]], float)


def make_sample(tmp_path, truth, guess):
    """A black image of 80x60 with one person; None is nobody."""
    cv2.imwrite(str(tmp_path / 'a.png'), np.zeros((60, 80, 3), np.uint8))
    none = np.zeros((0, 1, 2))
    truth, guess = (none if each is None else each for each in (truth, guess))
    boxes = np.array([[20., 10., 50., 50.]] * 2)
    return PoseDataSample(
        metainfo=dict(img_path=str(tmp_path / 'a.png')),
        gt_instances=InstanceData(
            bboxes=boxes[:len(truth)], keypoints=truth,
            keypoints_visible=np.ones(truth.shape[:2])),
        pred_instances=InstanceData(
            keypoints=guess, keypoint_scores=np.ones(guess.shape[:2])))


def centre(half, channel):
    return np.argwhere(half[..., channel] > 200).mean(0)


def test_truth_is_drawn_left_and_prediction_right_in_their_own_colours(
        visualizer, tmp_path):
    sample = make_sample(tmp_path, at(35, 30), at(35, 20))
    pair = draw_pair(visualizer, sample, RED, GREEN, False)
    assert pair.shape == (TILE[1], 2 * TILE[0], 3)
    left, right = np.split(pair, 2, axis=1)
    # The tile is 1.25 boxes high: 50 image pixels on 256.
    assert centre(left, 2) == pytest.approx([128, 96], abs=2)
    assert centre(right, 1) == pytest.approx([128 - 10 * 256 / 50, 96], abs=2)
    assert (left[..., 1] < 50).all() and (right[..., 2] < 50).all()


def test_a_whole_image_holds_everybody(visualizer, tmp_path):
    two = np.concatenate([at(20, 30), at(60, 30)])
    pair = draw_pair(visualizer, make_sample(tmp_path, two, at(40, 0)), RED,
                     GREEN, True)
    assert pair.shape == (IMAGE_TILE[1], 2 * IMAGE_TILE[0], 3)
    left, right = np.split(pair, 2, axis=1)
    # 80x60 fits 384x288 exactly, times 4.8.
    assert centre(left, 2) == pytest.approx([144, 192], abs=2)
    assert np.ptp(np.argwhere(left[..., 2] > 200)[:, 1]) == pytest.approx(
        4.8 * 40, abs=8)
    assert centre(right, 1)[1] == pytest.approx(192, abs=2)


def test_nobody_found_is_written_on_the_picture(visualizer, tmp_path):
    for truth, guess, empty in ((at(35, 30), None, 1), (None, at(35, 30), 0)):
        pair = draw_pair(visualizer, make_sample(tmp_path, truth, guess),
                         GREEN, GREEN, True)
        halves = np.split(pair, 2, axis=1)
        assert (halves[empty][:32, :, 2] > 200).any()
        assert not (halves[empty][..., 1] > 200).any()
        assert (halves[1 - empty][..., 1] > 200).any()


def test_that_no_keypoint_is_sure_is_written_on_the_picture(
        visualizer, tmp_path):
    sample = make_sample(tmp_path, at(35, 30), at(35, 30))
    sample.pred_instances.keypoint_scores *= 0.1
    pair = draw_pair(visualizer, sample, GREEN, GREEN, True)
    right = np.split(pair, 2, axis=1)[1]
    assert (right[:32, :, 2] > 200).any()
    assert not (right[..., 1] > 200).any()


def test_a_skeleton_that_does_not_fit_is_drawn_without_one(
        visualizer, tmp_path):
    sample = make_sample(tmp_path, at(35, 30), at(35, 20))
    pair = draw_pair(visualizer, sample, meta([0, 0, 255], 17), GREEN, False)
    assert (np.split(pair, 2, axis=1)[0][..., 2] > 200).any()


def test_keypoints_follow_the_warp_to_the_tile():
    warp = np.array([[2., 0., 5.], [0., 3., -1.]])
    people = InstanceData(
        keypoints=np.array([[[1., 2.]]]), keypoints_visible=np.ones((1, 1, 2)))
    moved = to_tile(people, 'keypoints_visible', warp)
    np.testing.assert_allclose(moved.keypoints, [[[7., 5.]]])
    assert moved.keypoints_visible.shape == (1, 1)


class Numbers(BaseDataset):
    """A dataset of so many samples."""

    def __init__(self, length):
        self.length = length
        super().__init__()

    def load_data_list(self):
        return [dict(number=i) for i in range(self.length)]


def test_people_are_spread_over_all_datasets():
    assert pick(Numbers(9), 3) == [0, 4, 8]
    assert pick(Numbers(2), 12) == [0, 1]
    joined = ConcatDataset([Numbers(100), Numbers(3), Numbers(50)])
    picked = pick(joined, 6)
    assert [sum(start <= i < stop for i in picked)
            for start, stop in ((0, 100), (100, 103), (103, 153))] == [2, 2, 2]
    assert len(pick(joined, 30)) == 10 + 3 + 17


@pytest.mark.parametrize('people, columns, rows', [(1, 1, 1), (5, 4, 2)])
def test_pairs_fill_rows_of_four(people, columns, rows):
    pairs = [np.full((20, 60, 3), 10 * i, np.uint8) for i in range(people)]
    sheet = lay_out(pairs, 4)
    assert sheet.shape == (24 + rows * 28, columns * 68, 3)
    last = sheet[24 + (rows - 1) * 28, (people - 1) % 4 * 68]
    assert (last == 10 * (people - 1)).all()
