# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from collections import Counter

import numpy as np
import pytest
from mmpose.datasets import CocoDataset, CocoWholeBodyDataset
from mmpose.registry import TRANSFORMS
from scipy.stats import norm

NUMBER = 20_000
UPPER, LOWER = tuple(range(11)), tuple(range(11, 17))


def count(labelled, number=17, upper=UPPER, **options) -> Counter:
    """How often each half is chosen for a person, as shares."""
    np.random.seed(0)
    visible = np.zeros((NUMBER, number))
    visible[:, list(labelled)] = 1
    transform = TRANSFORMS.build(dict(type='ViTPoseHalfBody', **options))
    chosen = transform._random_select_half_body(visible, list(upper), [])
    return Counter({
        key: value / NUMBER for key, value in Counter(
            None if ids is None else tuple(ids) for ids in chosen).items()
    })


@pytest.mark.parametrize('labelled, expected', [
    # Everything, and so many as just suffice.
    (range(17), {UPPER: .3 * norm.cdf(.5), LOWER: .3 * norm.cdf(-.5)}),
    (range(8), {}),
    # Nine of them: too few of one half leave the other.
    (range(9), {tuple(range(9)): .3}),
    ([*range(8), 11, 12], {tuple(range(8)): .3}),
    ([*range(7), 11, 12, 13], {
        tuple(range(7)): .3 * norm.cdf(.5), (11, 12, 13): .3 * norm.cdf(-.5)}),
    ([0, 1, 2, *LOWER], {
        (0, 1, 2): .3 * norm.cdf(.5), LOWER: .3 * norm.cdf(-.5)}),
    # Two of the upper half are never preferred.
    ([0, 1, *LOWER], {}),
])
def test_halves_are_as_frequent_as_in_the_code_of_vitpose(labelled, expected):
    shares = count(labelled)
    assert set(shares) == {None, *expected}
    for half, value in expected.items():
        assert shares[half] == pytest.approx(
            value, abs=5 * np.sqrt(value / NUMBER))


def test_two_upper_keypoints_lose_to_the_rest():
    assert set(count([0, 1, *LOWER], min_total_keypoints=7)) == {None, LOWER}
    assert set(count([0, 1, 11], min_total_keypoints=3)) == {None, (0, 1)}
    assert set(count([0, 11, 12], min_total_keypoints=3)) == {None}


def test_metainfo_of_a_whole_body_leaves_122_below():
    parse = CocoWholeBodyDataset._load_metainfo
    metainfo = parse(CocoWholeBodyDataset.METAINFO)
    halves = set(count(range(133), 133, metainfo['upper_body_ids']))
    assert {len(half) for half in halves if half} == {11, 122}
    # Those that MMPose would take.
    assert len(metainfo['lower_body_ids']) == 12
    assert tuple(CocoDataset._load_metainfo(
        CocoDataset.METAINFO)['upper_body_ids']) == UPPER


def test_box_is_the_halfs_tight_one_padded():
    np.random.seed(0)
    keypoints = np.random.rand(1, 17, 2).astype(np.float32) * 100
    results = TRANSFORMS.build(dict(type='ViTPoseHalfBody', prob=1.))(
        dict(
            keypoints=keypoints,
            keypoints_visible=np.ones((1, 17)),
            upper_body_ids=list(UPPER),
            lower_body_ids=list(LOWER),
            bbox_center=np.zeros((1, 2)),
            bbox_scale=np.zeros((1, 2))))
    sides = [results['bbox_scale'][0] == pytest.approx(
        np.ptp(keypoints[0, list(half)], axis=0) * 1.5)
        for half in (UPPER, LOWER)]
    assert sum(sides) == 1
