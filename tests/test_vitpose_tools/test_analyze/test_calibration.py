# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import numpy as np
import pytest
from mmpose.evaluation.functional.nms import oks_iou

from vitpose_tools.analyze.calibration import (correct, find_sigmas,
                                               keypoint_oks, reliability)

NAN = float('nan')


def test_a_keypoint_is_right_nearer_than_a_part_of_the_longer_side():
    errors = np.array([[4.9, 5., NAN], [4.9, 9.9, 10.1]])
    found = correct(errors, np.array([100., 200.]), 0.05)
    np.testing.assert_array_equal(found, [[1, 0, NAN], [1, 1, 0]])


def test_the_mean_oks_of_a_person_is_that_of_mmpose():
    rng = np.random.default_rng(0)
    labels = rng.uniform(0, 100, (3, 5, 2))
    guess = labels + rng.normal(size=labels.shape) * 5
    sigmas, areas = rng.uniform(.02, .1, 5), np.array([900., 2500., NAN])
    boxes = np.array([[0., 0., 50., 60.]] * 3)
    errors = np.linalg.norm(guess - labels, axis=-1)
    found = keypoint_oks(errors, areas, boxes, sigmas)
    for person, area in enumerate([900., 2500., 50 * 60 * .53]):
        both = [np.column_stack((points[person], np.full(5, 2.))).ravel()
                for points in (labels, guess)]
        expected, = oks_iou(both[0], both[1][None], area, np.array([area]),
                            sigmas)
        assert found[person].mean() == pytest.approx(expected, abs=1e-6)
    assert 0.1 < found.mean() < 0.9


def test_calibration_error_is_the_mean_distance_of_the_bins():
    scores = np.array([[.12, .18, .95], [.99, 1.04, NAN]])
    right = np.array([[0., 1., 1.], [0., 1., 1.]])
    found = reliability(scores, right)
    low, high = found['bins']
    assert (low['lowest'], low['highest'], low['count']) == (.1, .2, 2)
    assert (low['confidence'], low['quality']) == (pytest.approx(.15), .5)
    # What is beyond 1 is in the last bin, with its own confidence.
    assert high['count'] == 3
    assert high['confidence'] == pytest.approx((.95 + .99 + 1.04) / 3)
    expected = (2 * abs(.15 - .5) + 3 * abs(2.98 / 3 - 2 / 3)) / 5
    assert found['ece'] == pytest.approx(expected)
    assert found['confidence'] == pytest.approx((.3 + 2.98) / 5)
    assert found['quality'] == pytest.approx(.6)


def test_confidence_that_comes_true_has_no_calibration_error():
    rng = np.random.default_rng(0)
    scores = rng.random(200_000)
    right = (rng.random(len(scores)) < scores).astype(float)
    assert reliability(scores, right)['ece'] < 0.005
    assert reliability(scores, 1 - right)['ece'] == pytest.approx(.5, abs=.01)


def test_what_was_not_measured_is_none():
    found = reliability(np.array([NAN]), np.array([1.]))
    assert found == dict(ece=None, confidence=None, quality=None, bins=[])


@pytest.mark.parametrize('metainfo', [
    {}, dict(sigmas=[]), dict(sigmas=[.1]), dict(sigmas=[.1, 0.])])
def test_sigmas_that_do_not_fit_are_none(metainfo):
    assert find_sigmas(metainfo, 2) is None


def test_sigmas_are_those_of_the_dataset():
    assert find_sigmas(dict(sigmas=[.1, .2]), 2).tolist() == [.1, .2]
