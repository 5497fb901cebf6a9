# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from dataclasses import replace

import numpy as np
import pytest

from vitpose_tools.predict.draw import draw
from vitpose_tools.predict.poses import Poses

SIZE = 400  # a line is 1 pixel wide


@pytest.fixture
def poses(skeleton):
    points = np.array([[[50., 50.], [150., 50.], [150., 250.]]])
    return Poses(skeleton, points, np.array([[.9, .8, .4]]),
                 np.array([[20., 20., 300., 300.]]), np.ones(1))


@pytest.fixture
def black():
    return np.zeros((SIZE, SIZE, 3), np.uint8)


def test_keypoints_and_links_have_their_colours(poses, black):
    drawn = draw(black, poses)
    # BGR of the metainfo's RGB.
    for (x, y), color in {
            (50, 50): (0, 0, 255), (150, 50): (0, 255, 0),
            (150, 250): (255, 0, 0), (100, 50): (0, 255, 255),
            (150, 150): (255, 255, 0)}.items():
        # Less than all of it at the edge of a thin line.
        np.testing.assert_allclose(drawn[y, x], color, atol=40)
    assert not black.any()
    assert not drawn[:40].any() and not drawn[260:].any()


def test_low_scores_and_unknown_places_are_left_out(poses, black):
    drawn = draw(black, poses, min_score=.5)
    assert drawn[50, 100].any() and not drawn[60:].any()
    for bad in (np.nan, np.inf, 1e12):
        poses.keypoints[0, 2, 0] = bad
        np.testing.assert_array_equal(draw(black, poses), drawn)
    poses.scores[:] = np.nan
    assert not draw(black, poses).any()


def test_who_is_followed_has_a_box_with_the_id(poses, black):
    drawn = draw(black, replace(poses, track_ids=np.array([12])))
    assert drawn[150, 300].any() and drawn[300, 150].any()
    assert drawn[5:20, 20:40].any()
    # Who is not followed has none.
    lost = draw(black, replace(poses, track_ids=np.array([-1])))
    np.testing.assert_array_equal(lost, draw(black, poses))


def test_one_person_keeps_the_colour_and_two_differ(poses, black):
    def color(one):
        return tuple(draw(black, replace(
            poses, track_ids=np.array([one])))[150, 300].tolist())

    assert color(3) == color(3)
    assert len({color(one) for one in range(20)}) == 20


def test_a_model_without_colours_or_links_is_drawn(poses, black, skeleton):
    plain = replace(skeleton, links=(), keypoint_colors=(), link_colors=())
    drawn = draw(black, replace(poses, skeleton=plain))
    assert drawn[50, 50].any() and not drawn[50, 100].any()
