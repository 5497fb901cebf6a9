# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import numpy as np
import pytest
from mmpose.codecs.associative_embedding import _group_keypoints_by_tags

from vitpose_mm.codecs.group_by_tags import group_by_tags

K, M = 5, 8
ORDER = [2, 0, 1, 4, 3]


def group(scores, tags, tag_thr=1.):
    return group_by_tags(
        np.asarray(scores, float), np.asarray(tags, float), range(len(scores)),
        0.1, tag_thr)


def candidates(seed, dim, spread=.1):
    """Candidates of M people whose tags are about 0, 3, 6 ..."""
    rng = np.random.default_rng(seed)
    tags = np.stack([rng.permutation(M) * 3. for _ in range(K)])
    tags = tags[..., None] + rng.normal(0, spread, (K, M, dim))
    return rng.uniform(.4, 1, (K, M)), tags


def as_sets(people, scores, locs):
    """People without order: what each kind's score and place are."""
    kinds = np.arange(K)
    found = people >= 0
    grouped = np.concatenate(
        [locs[kinds, people], scores[kinds, people][..., None]], axis=2)
    grouped[~found] = 0
    return sorted(grouped.reshape(len(people), -1).tolist())


@pytest.mark.parametrize('dim', [1, 2])
@pytest.mark.parametrize('seed', range(5))
def test_groups_are_those_of_mmpose(seed, dim):
    scores, tags = candidates(seed, dim)
    locs = np.random.default_rng(seed + 100).uniform(0, 64, (K, M, 2))
    ours = group_by_tags(scores, tags, ORDER, .3, 1.)
    theirs = _group_keypoints_by_tags(
        scores, tags, locs, ORDER, val_thr=.3, tag_thr=1.)
    np.testing.assert_allclose(
        as_sets(ours, scores, locs),
        sorted(theirs.reshape(len(theirs), -1).tolist()),
        rtol=1e-6)


@pytest.mark.parametrize('seed', range(5))
def test_missing_keypoints_break_nobody_up(seed):
    """MMPose pays for assignments that it then refuses, with good ones."""
    scores, tags = candidates(seed, 2)
    scores[np.random.default_rng(seed).random((K, M)) < .3] = 0
    people = group_by_tags(scores, tags, ORDER, .1, 1.)
    names = np.round(tags.mean(2) / 3)
    for person in people:
        kinds = np.flatnonzero(person >= 0)
        assert len(set(names[kinds, person[kinds]])) == 1
    assert len(people) == len(set(names[scores > .1]))


def test_nothing_above_the_threshold_is_nobody():
    assert group(np.full((3, 4), .1), np.zeros((3, 4, 1))).shape == (0, 3)


def test_nearest_tags_join():
    people = group([[.9, .9], [.9, .9]], [[[0.], [5.]], [[5.1], [.2]]])
    assert people.tolist() == [[0, 1], [1, 0]]


def test_who_is_far_from_everybody_begins_a_person():
    people = group([[.9, 0], [.9, .8]], [[[0.], [0.]], [[0.1], [7.]]])
    assert people.tolist() == [[0, 0], [-1, 1]]


@pytest.mark.parametrize('others', [0, 2])
def test_higher_score_joins_where_rounded_distances_are_equal(others):
    first, second = np.zeros((2, 4)), np.zeros((2, 4, 1))
    first[0, :1 + others] = .9
    second[0, :, 0] = [0, 50, 60, 70]
    first[1, :2] = .3, .8
    second[1, :2, 0] = .1, .4
    people = group(first, second)
    assert [0, 1] in people.tolist() and [-1, 0] in people.tolist()


def test_mean_of_a_person_decides():
    # 0 and .8 make .4; 1.2 is near to that, not to 0.
    people = group([[.9], [.9], [.9]], [[[0.]], [[.8]], [[1.2]]])
    assert people.tolist() == [[0, 0, 0]]


def test_people_with_the_same_tag_are_not_merged():
    people = group([[.9, .8], [.9, .8]], np.zeros((2, 2, 1)))
    assert sorted(people[:, 0]) == sorted(people[:, 1]) == [0, 1]
