# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from types import SimpleNamespace

import numpy as np
import pytest

from vitpose_tools.export.compare import TOLERANCES, compare

NAMES = tuple('abcdefghijklmnopq')
CROPS = np.arange(16, dtype=np.uint8)[:, None, None, None].repeat(3, 3)


class Points:
    """A network whose keypoints depend on the crop alone, but for what
    ``change`` does to a batch."""

    def __init__(self, change=lambda keypoints, scores: None) -> None:
        self.skeleton = SimpleNamespace(names=NAMES)
        self.change = change
        self.sizes = set()

    def __call__(self, crops):
        self.sizes.add(len(crops))
        keypoints = crops.reshape(-1, 1, 3)[..., :2] + np.zeros((17, 2))
        scores = np.full(keypoints.shape[:2], .5)
        self.change(keypoints, scores)
        return keypoints, scores


def test_few_crops_make_whole_batches_too():
    network = Points()

    compare(network, Points(), CROPS[:2])

    assert network.sizes == {1, 2, 3, 8}  # 8 are two threes and a two


def rows(change=lambda keypoints, scores: None) -> list:
    return compare(Points(change), Points(), CROPS)


def test_the_same_is_within():
    network = Points()

    found = compare(network, Points(), CROPS)

    assert [row.batch for row in found] == [1, 3, 8]
    assert network.sizes == {1, 3, 8}  # 16 crops are five threes and one
    assert all(row.within(TOLERANCES['float32']) for row in found)
    assert all(row.ms > 0 and row.pytorch_ms > 0 for row in found)


def shift_one_keypoint(keypoints, scores):
    keypoints[:, 5, 0] += 3.


def shift_large_batches(keypoints, scores):
    keypoints[3:] += 9.


def scale_scores(keypoints, scores):
    scores *= 1.2


def lose(keypoints, scores):
    keypoints[:, 3] = np.nan


@pytest.mark.parametrize('dtype', TOLERANCES)
@pytest.mark.parametrize('change', [shift_one_keypoint, shift_large_batches,
                                    scale_scores, lose])
def test_what_is_wrong_is_beyond(change, dtype):
    found = rows(change)

    assert not all(row.within(TOLERANCES[dtype]) for row in found)


def test_one_wrong_keypoint_is_named():
    row = rows(shift_one_keypoint)[0]

    assert row.median == 0
    assert row.keypoint == row.largest == 3
    assert row.name == 'f'
