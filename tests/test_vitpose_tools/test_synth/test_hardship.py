# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import numpy as np

from vitpose_tools.synth import HUMAN_17, draw_scene
from vitpose_tools.synth.canvas import Canvas
from vitpose_tools.synth.hardship import blur, occlude, shrink


def test_what_is_in_front_hides_keypoints_and_belongs_to_nobody():
    canvas = Canvas(np.zeros((100, 100, 3)), np.array([0, 0, -1.]))
    canvas.owner[:] = 1
    canvas.depth[:] = 5.
    joints = np.array([[50., 50., 5.]])
    rng = np.random.default_rng(0)
    for _ in range(20):
        occlude(canvas, joints, 100., rng)

    covered = canvas.owner == 0
    assert 100 < covered.sum() < 5000
    assert not canvas.sees(joints, np.array([3.])).any()
    assert (canvas.depth[~covered] == 5).all()


def test_a_shrunken_dot_is_where_its_annotation_says():
    image = np.zeros((40, 60, 3), np.float32)
    image[20:24, 30:34] = 255  # centre (31.5, 21.5) between pixel centres
    found = dict(area=16, bbox=[30., 20., 4., 4.],
                 keypoints=[31.5, 21.5, 2, 0, 0, 0])
    small, (moved, ) = shrink(image, [found])

    ys, xs = np.nonzero(small[..., 0])
    assert small.shape == (20, 30, 3)
    np.testing.assert_allclose(moved['keypoints'],
                               [xs.mean(), ys.mean(), 2, 0, 0, 0])
    assert moved['bbox'] == [xs.min(), ys.min(), 2, 2]
    assert moved['area'] == len(xs)


def test_blur_keeps_the_brightness_and_softens():
    image = np.zeros((40, 40, 3), np.float32)
    image[20, 20] = 100
    rng = np.random.default_rng(0)
    seen = [blur(image, rng) for _ in range(40)]

    assert all(abs(picture.sum() - 300) < 1 for picture in seen)
    soft = sum(picture.max() < 60 for picture in seen)
    assert 8 < soft < 32


def test_hard_pictures_hide_more():
    def hidden(hard):
        tables = [np.reshape(found['keypoints'], (-1, 3)) for i in range(1, 9)
                  for found in draw_scene(HUMAN_17, 0, i, 2, hard)[1]]
        flags = np.concatenate(tables)[:, 2]
        return (flags == 1).sum() / (flags > 0).sum()

    assert hidden(True) > hidden(False) + .05
