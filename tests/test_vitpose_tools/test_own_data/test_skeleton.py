# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from itertools import combinations

import numpy as np

from vitpose_tools.own_data.skeleton import spanning_tree


def people(points: np.ndarray) -> np.ndarray:
    return np.concatenate((points, np.full((*points.shape[:2], 1), 2.)), -1)


def test_a_chain_is_linked_in_its_order():
    chain = np.array([[0, 0], [30, 0], [10, 0], [20, 0]], dtype=float)

    assert spanning_tree(people(chain[None])) == [(0, 2), (1, 3), (2, 3)]


def test_tree_is_the_shortest_of_all():
    """Of five points, by trying all sets of four links."""
    rng = np.random.default_rng(0)
    points = rng.uniform(0, 100, (7, 5, 2))
    scale = np.linalg.norm(np.ptp(points, axis=1), axis=-1)[:, None, None]
    apart = np.linalg.norm(
        points[:, :, None] - points[:, None], axis=-1) / scale
    cost = np.median(apart, axis=0)

    def joined(links) -> bool:
        group = {0}
        for _ in links:
            group |= {k for link in links for k in link if group & {*link}}
        return len(group) == 5

    best = min((links for links in combinations(combinations(range(5), 2), 4)
                if joined(links)),
               key=lambda links: sum(cost[i, j] for i, j in links))

    assert spanning_tree(people(points)) == sorted(best)


def test_missing_keypoints_count_where_they_are_labelled():
    three = people(np.array([[[0, 0], [10, 0], [11, 0]],
                             [[0, 0], [10, 0], [500, 500]]], dtype=float))
    three[1, 2, 2] = 0
    never = people(np.zeros((2, 3, 2)))
    never[..., 2] = 0

    assert spanning_tree(three) == [(0, 1), (1, 2)]
    assert spanning_tree(never) == []


def test_one_keypoint_has_no_links():
    assert spanning_tree(people(np.ones((4, 1, 2)))) == []
