# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""What makes drawn pictures hard: things in front of bodies, a camera that
moves or is out of focus, and few pixels."""
from typing import List, Tuple

import cv2
import numpy as np

from .canvas import Canvas

OCCLUDER_CHANCE = .6
# Half of its sides, in body lengths.
OCCLUDER_SIZE = (.05, .16)
BLUR_CHANCE = .5
# Pixels of the picture by pixels that remain, on each side.
SHRINK = 2


def occlude(canvas: Canvas, joints: np.ndarray, scale: float,
            rng: np.random.Generator) -> None:
    """Draw now and then a box, a disc or a bar in front of a body.

    Args:
        canvas: With the body; what is covered belongs to nobody.
        joints: Of the body, (x, y, z) in pixels, (num_joints, 3).
        scale: Pixels per body length.
        rng: Source of randomness.
    """
    if rng.random() >= OCCLUDER_CHANCE:
        return
    centre = joints[rng.integers(len(joints)), :2]
    half = scale * rng.uniform(*OCCLUDER_SIZE, 2)
    colour = rng.uniform(20, 235, 3)
    angle = rng.uniform(0, 180)
    mask = np.zeros(canvas.owner.shape, np.uint8)
    if rng.random() < .4:
        cv2.ellipse(mask, (*centre.round().astype(int).tolist(), ),
                    (*half.round().astype(int).tolist(), ), angle, 0, 360, 1,
                    -1)
    else:
        corners = cv2.boxPoints((tuple(map(float, centre)),
                                 tuple(map(float, 2 * half)), float(angle)))
        cv2.fillConvexPoly(mask, corners.round().astype(np.int32), 1)
    covered = mask > 0
    canvas.image[covered] = colour
    canvas.depth[covered] = -np.inf
    canvas.owner[covered] = 0


def blur(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Blur a picture (h, w, 3) now and then, all around or along a line."""
    if rng.random() >= BLUR_CHANCE:
        return image
    if rng.random() < .5:
        return cv2.GaussianBlur(image, (0, 0), float(rng.uniform(.8, 2.2)))
    length = int(rng.integers(3, 10))
    kernel = np.zeros((length, length), np.float32)
    angle = rng.uniform(0, np.pi)
    reach = (length - 1) / 2
    ends = [(round(reach + sign * reach * np.cos(angle)),
             round(reach + sign * reach * np.sin(angle)))
            for sign in (-1, 1)]
    cv2.line(kernel, *ends, 1)
    return cv2.filter2D(image, -1, kernel / kernel.sum())


def shrink(image: np.ndarray, annotations: List[dict]
           ) -> Tuple[np.ndarray, List[dict]]:
    """Make a picture smaller by SHRINK, its annotations with it.

    Args:
        image: Shape (h, w, 3).
        annotations: ``area``, ``bbox`` and ``keypoints`` in its pixels.
    """
    height, width = image.shape[:2]
    small = cv2.resize(image, (width // SHRINK, height // SHRINK),
                       interpolation=cv2.INTER_AREA)
    return small, [dict(found, **_shrunken(found)) for found in annotations]


def _shrunken(found: dict) -> dict:
    table = np.reshape(found['keypoints'], (-1, 3)).copy()
    seen = table[:, 2] > 0
    # Pixel centres are whole numbers; four of them become one.
    table[seen, :2] = np.round((table[seen, :2] + .5) / SHRINK - .5, 2)
    # Half a pixel outside is the border itself.
    table[seen, :2] = np.maximum(table[seen, :2], 0)
    return dict(
        area=found['area'] / SHRINK**2,
        bbox=[value / SHRINK for value in found['bbox']],
        keypoints=table.ravel().tolist())
