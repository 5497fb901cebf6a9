# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import numpy as np
import pytest

from vitpose_tools.suggest.doubts import (MOST, default_apart, deviations,
                                          find_doubts, largest_steps,
                                          pick_apart)

NAN = float('nan')


def test_a_step_belongs_to_both_of_its_frames():
    x = np.array([0., 0., 3., 3., 3.])
    keypoints = np.stack([x, x / 3 * 4], axis=1)[:, None]
    assert largest_steps(keypoints)[:, 0].tolist() == [0, 5, 5, 0, 0]
    assert largest_steps(keypoints[:1]).tolist() == [[0.]]


def test_deviations_are_robust_standard_deviations_of_each_keypoint():
    # Median 3, median absolute deviation 1.
    values = np.array([1., 2., 3., 4., 900.])
    found = deviations(np.stack([values, 100 * values], 1), 0.1)
    np.testing.assert_allclose(
        found[:, 0], [0, 0, 0, 1 / 1.4826, MOST])
    np.testing.assert_allclose(found[:, 1], found[:, 0])
    # About normal data, 1.4826 deviations make one sigma.
    normal = np.random.default_rng(0).normal(5, 7, (100_000, 1))
    at = np.argmin(np.abs(normal - (5 + 2 * 7)))
    assert deviations(normal, 0.1)[at, 0] == pytest.approx(2, abs=0.02)


def test_what_is_still_does_not_deviate_by_noise_and_nan_does():
    values = np.array([[0.], [0.001], [0.], [NAN], [0.5], [0.]])
    np.testing.assert_allclose(
        deviations(values, 0.1)[:, 0], [0, 0.01, 0, MOST, 5, 0])
    assert (deviations(values * NAN, 0.1) == MOST).all()


def make_video(num_frames=200, keypoints=4):
    """A calm animal, seen with confidence."""
    rng = np.random.default_rng(0)
    places = rng.normal(0, 0.5, (num_frames, keypoints, 2)) + 50
    scores = rng.normal(.8, .02, (num_frames, keypoints))
    return places, scores, np.full(num_frames, 100.)


def test_low_confidence_and_jumps_are_found_in_frames_apart():
    places, scores, sizes = make_video()
    scores[60:64, 1] = .2
    scores[62, 1] = .1
    places[140, 2] += 40
    doubts = find_doubts(places, scores, sizes)
    first, second = sorted(pick_apart(doubts.total, 2, 20))
    assert 60 <= first < 64 and 139 <= second <= 141
    assert doubts.confidence[62, 1] == MOST
    assert doubts.jump[140, 2] == MOST
    assert doubts.steps[140, 2] == pytest.approx(
        np.hypot(.40, .40), abs=.03)


def test_a_keypoint_that_is_always_doubtful_chooses_nothing():
    places, scores, sizes = make_video()
    scores[:, 0] = .05
    places[:, 3] = np.random.default_rng(1).normal(50, 20, (200, 2))
    scores[77, 1] = .3
    doubts = find_doubts(places, scores, sizes)
    assert doubts.total.argmax() == 77


def test_confidence_and_jumps_count_the_same_over_a_video():
    places, scores, sizes = make_video()
    doubts = find_doubts(places, scores, sizes)
    assert doubts.total.mean() == pytest.approx(2)
    still = find_doubts(places * 0, scores * 0, sizes)
    assert (still.total == 0).all()


def test_predictions_that_are_no_numbers_are_the_most_doubtful():
    places, scores, sizes = make_video()
    places[30], scores[30] = NAN, NAN
    doubts = find_doubts(places, scores, sizes)
    assert np.isfinite(doubts.total).all()
    assert doubts.total.argmax() == 30


def test_picked_frames_keep_their_distance():
    total = np.array([1., 9., 8., 2., 7., 0., 3.])
    assert pick_apart(total, 3, 1) == [1, 2, 4]
    assert pick_apart(total, 3, 2) == [1, 4, 6]
    assert pick_apart(total, 3, 3) == [1, 4]
    assert pick_apart(total, 9, 1) == [1, 2, 4, 6, 3, 0, 5]


@pytest.mark.parametrize('num_frames, count', [(7, 9), (200, 20), (41, 20),
                                               (39, 20), (1, 1), (999, 7)])
def test_the_default_distance_leaves_room_for_all(num_frames, count):
    rng = np.random.default_rng(num_frames)
    apart = default_apart(num_frames, count)
    for _ in range(20):
        picked = pick_apart(rng.random(num_frames), count, apart)
        assert len(picked) == min(count, num_frames)
