# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import List, Tuple

import numpy as np
from scipy.sparse.csgraph import minimum_spanning_tree


def spanning_tree(keypoints: np.ndarray) -> List[Tuple[int, int]]:
    """Link the keypoints that are near each other on average.

    The minimum spanning tree of the median distances, each in the unit of
    its annotation's own extent. Keypoints that are never labelled together
    stay unlinked.

    Args:
        keypoints: x, y in pixels and v, (P, K, 3).

    Returns:
        At most K - 1 links, the lower index first.
    """
    seen = keypoints[..., 2] > 0
    points = np.where(seen[..., None], keypoints[..., :2], np.nan)
    with np.errstate(invalid='ignore'):
        extent = np.array([
            np.linalg.norm(np.ptp(person[ok], axis=0)) if ok.any() else np.nan
            for person, ok in zip(points, seen)
        ])
    usable = extent > 0
    points = points[usable] / extent[usable, None, None]
    number = keypoints.shape[1]
    distances = np.zeros((number, number))
    for i in range(number):
        for j in range(i + 1, number):
            apart = np.linalg.norm(points[:, i] - points[:, j], axis=-1)
            apart = apart[np.isfinite(apart)]
            if len(apart):
                # Zero means no edge to SciPy.
                distances[i, j] = max(np.median(apart), 1e-9)
    tree = minimum_spanning_tree(distances).tocoo()
    return sorted((int(i), int(j)) for i, j in zip(tree.row, tree.col))
