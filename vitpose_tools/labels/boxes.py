# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Boxes where the source has none."""
from statistics import median
from typing import List, Optional, Tuple

import numpy as np

# The boxes of COCO's people are wider than their keypoints by about this part
# of the longer side, on each side.
MARGIN = 0.1
Box = Tuple[float, float, float, float]


def extent(keypoints: np.ndarray) -> Optional[Box]:
    """Smallest box around the labelled keypoints.

    Args:
        keypoints: Shape (K, 3), x, y, visibility.

    Returns:
        Left, top, width, height; None where fewer than two places are
        labelled.
    """
    places = keypoints[keypoints[:, 2] > 0, :2]
    low, high = places.min(0), places.max(0)
    if (low == high).all():
        return None
    return (*low.tolist(), *(high - low).tolist())


def around_keypoints(keypoints: np.ndarray, size: Tuple[int, int],
                     margin: float, usual: Optional[float]) -> Box:
    """A box from keypoints, inside the picture.

    Args:
        keypoints: Shape (K, 3), x, y, visibility, pixels of the picture; at
            least one is labelled.
        size: (w, h) of the picture in pixels.
        margin: What is added on each side, in parts of the longer side.
        usual: Longer side in pixels of a box around one place alone; None
            for the whole picture.
    """
    box = extent(keypoints)
    if box is None:
        if usual is None:
            return whole(size)
        x, y = keypoints[keypoints[:, 2] > 0, :2][0].tolist()
        box = (x - usual / 2, y - usual / 2, usual, usual)
    x, y, w, h = box
    pad = margin * max(w, h)
    return clip((x - pad, y - pad, w + 2 * pad, h + 2 * pad), size)


def whole(size: Tuple[int, int]) -> Box:
    """The whole picture of (w, h) pixels."""
    return (0., 0., float(size[0]), float(size[1]))


def clip(box: Box, size: Tuple[int, int]) -> Box:
    """The part of a box that is inside a picture of (w, h) pixels; its width
    or height is 0 or less where nothing is."""
    x, y, w, h = box
    left, top = max(x, 0.), max(y, 0.)
    right, bottom = min(x + w, size[0]), min(y + h, size[1])
    return (left, top, right - left, bottom - top)


def usual_side(all_keypoints: List[np.ndarray]) -> Optional[float]:
    """Median longer side of the boxes around keypoints, in pixels."""
    boxes = filter(None, map(extent, all_keypoints))
    sides = [max(box[2:]) for box in boxes]
    return median(sides) if sides else None
