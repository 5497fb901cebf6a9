# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Tuple

import cv2
import numpy as np

MAX_CLUTTER = 4


def _noise(size: Tuple[int, int], cells: int, strength: float,
           rng: np.random.Generator) -> np.ndarray:
    """Smooth noise around 0, mostly grey, ``cells`` blobs across."""
    coarse = rng.normal(0, strength, (cells, cells, 1)) + rng.normal(
        0, strength / 3, (cells, cells, 3))
    coarse = coarse.astype(np.float32)
    return cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC)


def _clutter(image: np.ndarray, rng: np.random.Generator) -> None:
    """Draw one random box, disc or bar into an image of bytes."""
    height, width = image.shape[:2]
    colour = tuple(int(c) for c in rng.integers(30, 225, 3))
    x, y = int(rng.integers(width)), int(rng.integers(height))
    a, b = (int(v) for v in rng.integers(8, 70, 2))
    kind = rng.integers(3)
    if kind == 0:
        cv2.rectangle(image, (x, y), (x + a, y + b), colour, -1)
    elif kind == 1:
        angle = float(rng.uniform(0, 180))
        cv2.ellipse(image, (x, y), (a // 2, b // 2), angle, 0, 360, colour, -1,
                    cv2.LINE_AA)
    else:
        end = (int(rng.integers(width)), int(rng.integers(height)))
        cv2.line(image, (x, y), end, colour, int(rng.integers(2, 10)),
                 cv2.LINE_AA)


def draw_background(size: Tuple[int, int],
                    rng: np.random.Generator) -> np.ndarray:
    """Draw a wall and a floor with texture and clutter.

    Args:
        size (tuple[int, int]): (w, h) in pixels.
        rng (np.random.Generator): Source of randomness.

    Returns:
        np.ndarray: BGR in 0..255, float32, shape (h, w, 3).
    """
    width, height = size
    wall, floor = (rng.uniform(60, 200,
                               (2, 1)) + rng.normal(0, 22,
                                                    (2, 3))).astype(np.float32)
    horizon = height * rng.uniform(.35, .95)
    rows = np.arange(height, dtype=np.float32)[:, None, None]
    image = np.where(rows < horizon, wall, floor) + np.zeros(
        (1, width, 1), np.float32)
    image += _noise(size, 5, 22, rng)
    image = np.clip(image, 0, 255).astype(np.uint8)
    for _ in range(rng.integers(MAX_CLUTTER + 1)):
        _clutter(image, rng)
    if rng.random() < .5:
        image = cv2.GaussianBlur(image, (0, 0), float(rng.uniform(.8, 2.5)))
    return image + _noise(size, int(rng.integers(20, 60)), 9, rng)
