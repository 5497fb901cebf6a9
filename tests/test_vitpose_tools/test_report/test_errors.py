# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import numpy as np
import pytest
from scipy.stats import mannwhitneyu, spearmanr

from vitpose_tools.report import errors

NAN = float('nan')
# Two people, three keypoints; the prediction is a 3-4-5 triangle away.
LABELS = np.array([[[10., 20.], [30., 40.], [0., 0.]],
                   [[5., 5.], [0., 0.], [50., 60.]]])
LABELLED = np.array([[True, True, False], [True, False, True]])
STEPS = np.array([[1., 2., 7.], [3., 9., 0.]])  # times (3, 4)
KEYPOINTS = LABELS + STEPS[..., None] * [3., 4.]
BOXES = np.array([[0., 0., 100., 40.], [10., 10., 30., 210.]])


def test_errors_are_distances_where_there_are_labels():
    np.testing.assert_allclose(
        errors.pixel_errors(KEYPOINTS, LABELS, LABELLED),
        [[5., 10., NAN], [15., NAN, 0.]])


def test_a_prediction_that_is_no_number_is_in_no_error_but_wrong():
    guess = KEYPOINTS.copy()
    guess[0, 0, 1] = NAN
    found = errors.pixel_errors(guess, LABELS, LABELLED)
    np.testing.assert_allclose(found, [[NAN, 10., NAN], [15., NAN, 0.]])
    each, mean = errors.pck(guess, LABELS, LABELLED,
                            np.array([1000., 1000.]), 0.5)
    np.testing.assert_allclose(each, [0.5, 1., 1.])
    assert mean == pytest.approx(2.5 / 3)


def test_pck_counts_what_is_nearer_than_a_part_of_the_longer_side():
    sizes = errors.longer_sides(BOXES)
    assert sizes.tolist() == [100., 200.]
    # 5/100, 10/100; 15/200, 0/200: 0.06 parts the first from the others.
    each, mean = errors.pck(KEYPOINTS, LABELS, LABELLED, sizes, 0.06)
    np.testing.assert_allclose(each, [0.5, 0., 1.])
    assert mean == pytest.approx(0.5)
    each, mean = errors.pck(KEYPOINTS, LABELS, LABELLED & False, sizes, 0.06)
    assert np.isnan(each).all() and np.isnan(mean)


def test_a_summary_leaves_out_what_is_unknown():
    values = np.array([[1., NAN], [4., 7.]])
    assert errors.summarise(values) == dict(
        count=3, mean=4., median=4., p95=pytest.approx(6.7))
    assert errors.summarise(values * NAN)['count'] == 0
    assert np.isnan(errors.summarise(values * NAN)['mean'])


def test_rank_correlation_is_that_of_spearman():
    rng = np.random.default_rng(0)
    scores, wrong = rng.random(50).round(1), rng.random(50)
    assert errors.rank_correlation(scores, wrong) == pytest.approx(
        spearmanr(scores, wrong).statistic)
    assert errors.rank_correlation(wrong, -wrong**3) == pytest.approx(-1)
    scores[:10], wrong[20:] = NAN, NAN
    assert errors.rank_correlation(scores, wrong) == pytest.approx(
        spearmanr(scores[10:20], wrong[10:20]).statistic)
    assert np.isnan(errors.rank_correlation(scores[:12], wrong[:12]))
    assert np.isnan(errors.rank_correlation(wrong * 0, wrong))


def test_bins_hold_as_many_keypoints_each_in_order_of_confidence():
    scores = np.array([.9, .1, .5, NAN, .3, .7, .2])
    wrong = np.array([1., 9., 5., 99., NAN, 3., 8.])
    bins = errors.confidence_bins(scores, wrong, 2)
    assert [(part['lowest'], part['highest'], part['count'], part['mean'])
            for part in bins] == [(.1, .5, 3, pytest.approx(22 / 3)),
                                  (.7, .9, 2, 2.)]
    assert len(errors.confidence_bins(scores[:2], wrong[:2], 5)) == 2
    assert errors.confidence_bins(scores * NAN, wrong) == []


def test_separation_is_the_area_under_the_curve():
    rng = np.random.default_rng(0)
    scores, labelled = rng.random(40).round(1), rng.random(40) < 0.4
    area = mannwhitneyu(scores[labelled], scores[~labelled]).statistic / (
        labelled.sum() * (~labelled).sum())
    assert errors.separation(scores, labelled) == pytest.approx(area)
    assert errors.separation(labelled * 1., labelled) == 1.
    assert errors.separation(scores * 0, labelled) == 0.5
    assert np.isnan(errors.separation(scores, labelled | True))


def test_worst_people_are_those_far_off_for_their_size():
    wrong = np.array([[10., NAN], [NAN, NAN], [20., 40.], [8., 4.]])
    sizes = np.array([100., 1., 600., 20.])
    assert errors.worst_people(wrong, sizes, 9) == [3, 0, 2]
    assert errors.worst_people(wrong, sizes, 1) == [3]


def test_disagreements_are_sure_and_far_for_their_keypoint():
    scores = np.array([[.9, .5], [.8, .5], [.7, .5], [.1, NAN], [.8, .5]])
    wrong = np.array([[2., 1.], [6., 3.], [2., 1.], [90., 50.], [NAN, 1.]])
    # Medians: confidence .75 and .5, errors 4 and 1. Of the first keypoint
    # only the unsure one is far; of the second the one three times as far.
    sizes = np.array([100.] * 5)
    assert errors.disagreements(scores, wrong, sizes, 9) == [(1, 1)]
    wrong[0, 0], wrong[4, 0] = 40., 2.  # the median is 6
    assert errors.disagreements(scores, wrong, sizes, 9) == [(0, 0), (1, 1)]
    sizes[0] = 10_000.
    assert errors.disagreements(scores, wrong, sizes, 9) == [(1, 1), (0, 0)]
    assert errors.disagreements(scores, wrong, sizes, 1) == [(1, 1)]
    assert errors.disagreements(scores, wrong * 0, sizes, 9) == []


def test_missing_labels_are_listed_where_the_model_is_sure():
    scores = np.array([[.6, .9], [.4, .3], [.8, .2], [.5, .7]])
    labelled = np.array([[True, False], [True, False], [False, False],
                         [False, False]])
    # The second keypoint is never labelled: nothing says what is sure.
    assert errors.unlabelled_but_sure(scores, labelled, 9) == [(2, 0), (3, 0)]
    # A model that has learnt nothing is sure of nothing.
    assert errors.unlabelled_but_sure(scores / 1000, labelled, 9) == []


def test_the_nearest_label_is_one_that_exists():
    assert errors.nearest_label(np.array([1., 1.]), LABELS[0], LABELLED[0]) \
        == 0
    assert errors.nearest_label(np.array([29., 39.]), LABELS[0],
                                LABELLED[0]) == 1
