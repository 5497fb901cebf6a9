# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment

# Costs more than any assignment that is allowed.
FAR = 1e6


def group_by_tags(scores: np.ndarray, tags: np.ndarray, order: Sequence[int],
                  score_thr: float, tag_thr: float) -> np.ndarray:
    """Sort keypoint candidates into people (arXiv 1611.05424, section 3.2).

    One kind of keypoint after the other joins the people found so far: as
    many candidates as possible, those with the smallest distances, rounded,
    between their tag and the mean tag of a person, and among equal ones those
    with the highest scores. Who finds nobody begins a new person.

    Args:
        scores: Scores of M candidates of each kind, shape (K, M).
        tags: Their tags, shape (K, M, L).
        order: The K kinds of keypoints; the most certain ones first.
        score_thr: Only candidates above it count.
        tag_thr: Largest distance between a candidate and its person.

    Returns:
        Numbers of the candidates of G people, shape (G, K), int; -1 where
        there is none.
    """
    num_kinds, _, dim = tags.shape
    people = np.full((0, num_kinds), -1)
    sums = np.zeros((0, dim))  # of the tags of each person
    for kind in order:
        found = np.flatnonzero(scores[kind] > score_thr)
        its_tags = tags[kind, found]
        means = sums / (people >= 0).sum(1, keepdims=True)
        distance = np.linalg.norm(its_tags[:, None] - means, axis=2)
        cost = np.round(distance) * 100 - scores[kind, found, None]
        rows, columns = linear_sum_assignment(
            np.where(distance < tag_thr, cost, FAR))
        near = distance[rows, columns] < tag_thr
        rows, columns = rows[near], columns[near]
        people[columns, kind] = found[rows]
        sums[columns] += its_tags[rows]

        alone = np.setdiff1d(np.arange(len(found)), rows)
        newcomers = np.full((len(alone), num_kinds), -1)
        newcomers[:, kind] = found[alone]
        people = np.concatenate([people, newcomers])
        sums = np.concatenate([sums, its_tags[alone]])
    return people
