# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import numpy as np
import pytest
from mmpose.registry import TRANSFORMS


@pytest.mark.parametrize('direction', ('horizontal', 'vertical'))
@pytest.mark.parametrize('size', ((320, 256), (256, 320), (192, 192)))
def test_labels_stay_on_their_dots(size, direction):
    """A dot is drawn at each keypoint; the flipped label points at it."""
    w, h = size
    points = np.array([[195 % w, 40], [10, 200 % h]])
    img = np.zeros((h, w, 3), np.uint8)
    img[points[0, 1], points[0, 0]] = 100
    img[points[1, 1], points[1, 0]] = 200
    results = TRANSFORMS.build(
        dict(type='BottomupRandomFlip', prob=1., direction=direction))(
            dict(
                img=img,
                # Of the file, before the affine transform.
                img_shape=(640, 427),
                input_size=size,
                keypoints=points[None].astype(np.float32),
                keypoints_visible=np.ones((1, 2), np.float32),
                flip_indices=[1, 0]))

    assert results['input_size'] == size
    for (x, y), value in zip(results['keypoints'][0].astype(int), (200, 100)):
        assert results['img'][y, x, 0] == value


def test_stock_labels_leave_their_dots():
    """Why this is our own."""
    img = np.zeros((256, 320, 3), np.uint8)
    img[40, 195] = 255
    results = TRANSFORMS.build(dict(type='RandomFlip', prob=1.))(
        dict(
            img=img,
            img_shape=(640, 427),
            input_size=(320, 256),
            keypoints=np.array([[[195., 40.]]], np.float32),
            keypoints_visible=np.ones((1, 1), np.float32),
            flip_indices=[0]))
    assert results['img'][40, 320 - 1 - 195, 0] == 255
    assert results['keypoints'][0, 0, 0] != 320 - 1 - 195
