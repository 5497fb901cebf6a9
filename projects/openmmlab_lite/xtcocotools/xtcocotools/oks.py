# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import List, Sequence

import numpy as np

# Where annotations have no area: the part of its box that a person covers.
AREA_OF_BOX = 0.53
EPSILON = np.spacing(1)


def box_area(annotation: dict) -> float:
    """Area in pixels that is taken for an object without one."""
    return annotation['bbox'][2] * annotation['bbox'][3] * AREA_OF_BOX


def keypoints_of(annotations: List[dict], parts: Sequence[str],
                 count: int) -> np.ndarray:
    """Keypoints of annotations or results, all parts one after the other.

    Args:
        annotations: N of them.
        parts: Keys such as ``keypoints`` and ``foot_kpts``.
        count: K, how many keypoints each must have.

    Returns:
        (N, K, 3): x and y in image pixels, visibility or score.

    Raises:
        ValueError: If one has another number of keypoints.
    """
    rows = []
    for annotation in annotations:
        row = [value for part in parts for value in annotation[part]]
        if len(row) != 3 * count:
            raise ValueError(
                f'{len(row) / 3:g} keypoints ({", ".join(parts)}) of id '
                f'{annotation["id"]} of image {annotation["image_id"]} where '
                f'sigmas has {count}')
        rows.append(row)
    return np.array(rows, dtype=np.float64).reshape(-1, count, 3)


def similarities(detections: np.ndarray, annotation: np.ndarray,
                 bbox: Sequence[float], area: float,
                 sigmas: np.ndarray) -> np.ndarray:
    """Object keypoint similarity of detections with one annotation.

    The mean of ``exp(-d^2 / (2 * area * (2 * sigma)^2))`` over its labelled
    keypoints. Without any, distances are those to its box, grown by its size
    on each side, and the mean is over all keypoints.

    Args:
        detections: (D, K, 3), in image pixels.
        annotation: (K, 3), in image pixels.
        bbox: (x, y, w, h) in image pixels.
        area: In pixels.
        sigmas: (K,).

    Returns:
        (D,), from 0 to 1.
    """
    x, y = detections[..., 0], detections[..., 1]
    visible = annotation[:, 2] > 0
    if visible.any():
        dx, dy = x - annotation[:, 0], y - annotation[:, 1]
    else:
        left, top, width, height = bbox
        dx = outside(x, left - width, left + width * 2)
        dy = outside(y, top - height, top + height * 2)
        visible = ~visible
    variances = (sigmas * 2)**2
    exponents = (dx**2 + dy**2) / variances / (area + EPSILON) / 2
    # Rows without gaps, so that each is summed in the order of one row alone.
    exponents = np.compress(visible, exponents, axis=1)
    return np.sum(np.exp(-exponents), axis=1) / exponents.shape[1]


def outside(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """How far values lie below the one or above the other."""
    return np.maximum(0, low - values) + np.maximum(0, values - high)
