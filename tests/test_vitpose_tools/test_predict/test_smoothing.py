# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import math
from dataclasses import replace

import numpy as np
import pytest

from vitpose_tools.predict.poses import Poses
from vitpose_tools.predict.smoothing import Smoother

SIZE = 50.  # longer side of the box


def one_euro(values, times, min_cutoff, beta, derivative_cutoff):
    """The paper's algorithm 1 for one coordinate, in Python's 64 bits."""

    def alpha(cutoff, passed):
        tau = 1 / (2 * math.pi * cutoff)
        return 1 / (1 + tau / passed)

    out, speed, last_raw, last_time = [], 0., None, None
    for value, now in zip(values, times):
        if last_raw is None:
            hat = value
        else:
            passed = now - last_time
            a = alpha(derivative_cutoff, passed)
            speed = a * (value - last_raw) / passed + (1 - a) * speed
            a = alpha(min_cutoff + beta * abs(speed), passed)
            hat = a * value + (1 - a) * hat
        out.append(hat)
        last_raw, last_time = value, now
    return out


@pytest.fixture
def walk(skeleton):
    """Poses of 30 frames of two people whose order changes, and times that
    are not even."""
    rng = np.random.default_rng(3)
    times = np.cumsum(rng.uniform(.02, .06, 30))
    points = 20 * np.cumsum(rng.normal(size=(30, 2, 3, 2)), axis=0) + 100
    box = [10, 20, 40, 20 + SIZE]
    frames = []
    for index, both in enumerate(points):
        order = [1, 0] if index % 3 else [0, 1]
        frames.append(Poses(
            skeleton, both[order], np.ones((2, 3)), np.array([box, box]),
            np.ones(2), np.array([7, 3])[order], 'a.mp4', index))
    return points, times, frames


def run(smoother, frames, times):
    """Smoothed points of the two people in the order of ``walk``."""
    out = []
    for poses, now in zip(frames, times):
        smooth = smoother(poses, now)
        out.append(smooth.keypoints[np.argsort(-smooth.track_ids)])
    return np.array(out)


def test_each_coordinate_is_filtered_as_in_the_paper(walk):
    points, times, frames = walk
    out = run(Smoother(1.7, 4., .8), frames, times)
    for person in range(2):
        for k in range(3):
            for axis in range(2):
                np.testing.assert_allclose(
                    out[:, person, k, axis],
                    one_euro(points[:, person, k, axis], times, 1.7,
                             4. / SIZE, .8), rtol=1e-12)


def test_who_stands_trembles_less_and_who_runs_does_not_lag(skeleton):
    rng = np.random.default_rng(0)
    times = np.arange(90) / 30
    still = 100 + rng.normal(size=90)
    run_x = 600. * times

    def smooth(values):
        smoother, out = Smoother(), []
        for index, (value, now) in enumerate(zip(values, times)):
            poses = Poses(skeleton, np.full((1, 3, 2), value),
                          np.ones((1, 3)), np.array([[0, 0, 90, 200.]]),
                          np.ones(1), np.zeros(1, int), 'a', index)
            out.append(smoother(poses, now).keypoints[0, 0, 0])
        return np.array(out)

    assert smooth(still)[30:].std() < .5 * still[30:].std()
    # Less than a frame's way of 20 pixels behind.
    assert np.abs(smooth(run_x) - run_x)[30:].max() < 20


def test_unknown_keypoints_stay_unknown_and_are_bridged(walk):
    points, times, frames = walk
    seen = np.ones(30, bool)
    seen[[4, 5, 6]] = False
    for poses, is_seen in zip(frames, seen):
        if not is_seen:
            poses.keypoints[poses.track_ids == 7, 1] = np.nan
    out = run(Smoother(1.7, 4., .8), frames, times)
    assert np.isnan(out[4:7, 0, 1]).all() and np.isfinite(out[4:7, 1]).all()
    assert np.isfinite(out[4:7, 0, [0, 2]]).all()
    np.testing.assert_allclose(
        out[seen, 0, 1, 0], one_euro(points[seen, 0, 1, 0], times[seen], 1.7,
                                     4. / SIZE, .8), rtol=1e-12)


def test_who_comes_back_late_starts_anew(walk):
    points, times, frames = walk
    smoother = Smoother(max_gap=.2)
    run(smoother, frames[:10], times[:10])
    later = times[9] + .21
    out = smoother(frames[10], later)
    np.testing.assert_array_equal(out.keypoints, frames[10].keypoints)
    # Those who are gone are forgotten.
    smoother(replace(frames[11], track_ids=np.array([70, 30])), later + 1)
    assert set(smoother.tracks) == {70, 30}


def test_another_video_starts_anew(walk):
    _, times, frames = walk
    smoother = Smoother()
    run(smoother, frames, times)
    other = replace(frames[0], source='b.mp4')
    np.testing.assert_array_equal(
        smoother(other, 0.).keypoints, other.keypoints)


def test_people_without_an_id_are_left_as_they_are(walk):
    _, times, frames = walk
    smoother = Smoother()
    for poses, now in zip(frames, times):
        lost = replace(poses, track_ids=np.array([-1, -1]))
        np.testing.assert_array_equal(
            smoother(lost, now).keypoints, poses.keypoints)
    with pytest.raises(ValueError, match='b.mp4: people are smoothed by '
                       'their track ids, and these have none'):
        smoother(replace(poses, track_ids=None, source='b.mp4'), 9.)


def test_what_cannot_be_smoothed_is_named(walk):
    _, _, frames = walk
    smoother = Smoother()
    smoother(frames[0], 1.)
    with pytest.raises(ValueError, match='a.mp4: a frame at 1.0 s came after '
                       'one at 1.0 s'):
        smoother(frames[1], 1.)
    with pytest.raises(ValueError, match='min_cutoff is 0'):
        Smoother(min_cutoff=0)
