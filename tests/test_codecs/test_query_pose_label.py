# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from types import SimpleNamespace

import numpy as np
import pytest

from vitpose_mm.codecs import QueryPoseLabel

SIGMAS = np.array([0.05, 0.1], np.float32)
DATASET = SimpleNamespace(
    metainfo=dict(dataset_name='pairs', sigmas=SIGMAS))


def encode(keypoints, visible, area, dataset=DATASET):
    return QueryPoseLabel((64, 32)).encode(
        np.array(keypoints, np.float32), np.array(visible, np.float32),
        np.array(area, np.float32), dataset)


def test_keypoints_outside_of_the_image_are_not_visible():
    labels = encode([[[5, 31], [5, 32]], [[63.5, 0], [64, 0]],
                     [[-0.5, 5], [8, 9]]], np.ones((3, 2)), [100] * 3)
    np.testing.assert_array_equal(labels['keypoint_weights'],
                                  [[1, 0], [1, 0], [0, 1]])


def test_people_who_are_not_visible_are_left_out():
    labels = encode([[[5, 5], [6, 6]], [[90, 5], [5, 90]], [[1, 2], [3, 4]]],
                    [[0, 0], [1, 1], [1, 0]], [100, 200, 400])
    np.testing.assert_array_equal(labels['keypoint_labels'],
                                  [[[1, 2], [0, 0]]])
    np.testing.assert_array_equal(labels['areas'], [400])
    # COCO: exp(-d^2 / (2 * area * (2 * sigma)^2))
    np.testing.assert_allclose(labels['keypoint_stds'], [[2, 4]])


def test_nobody_is_no_row():
    labels = encode(np.zeros((0, 2, 2)), np.zeros((0, 2)), [])
    assert labels['keypoint_labels'].shape == (0, 2, 2)
    assert labels['keypoint_stds'].shape == (0, 2)


@pytest.mark.parametrize('sigmas', [[], [0.1], [0.1, 0.]])
def test_missing_sigmas_are_named(sigmas):
    dataset = SimpleNamespace(
        metainfo=dict(dataset_name='mine', sigmas=np.array(sigmas)))
    with pytest.raises(ValueError, match="'mine'.*needs 2 of them"):
        encode([[[5, 5], [6, 6]]], [[1, 1]], [100], dataset)
