# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import colorsys
from dataclasses import dataclass
from typing import Dict

import numpy as np

from .skeleton import Hsv, Skeleton


@dataclass(frozen=True)
class Appearance:
    """How the parts of one body look.

    Attributes:
        colours: BGR of each part in 0..255, shape (num_parts, 3).
        girth: Factor on all radii.
    """
    colours: np.ndarray
    girth: float


def _sample_colour(spread: Hsv, rng: np.random.Generator) -> np.ndarray:
    """Draw a BGR colour in 0..255, shape (3, )."""
    hue, saturation, value = (
        rng.uniform(*limits)
        for limits in (spread.hue, spread.saturation, spread.value))
    rgb = colorsys.hsv_to_rgb(hue / 360 % 1, saturation, value)
    return 255 * np.array(rgb[::-1])


def sample_appearance(skeleton: Skeleton,
                      rng: np.random.Generator) -> Appearance:
    """Draw the colours and the build of one body."""
    colours: Dict[str, np.ndarray] = {
        role: _sample_colour(spread, rng)
        for role, spread in skeleton.roles.items() if isinstance(spread, Hsv)
    }
    for role, lenders in skeleton.roles.items():
        if not isinstance(lenders, Hsv):
            colours[role] = colours[lenders[rng.integers(len(lenders))]]
    return Appearance(
        colours=np.array([
            np.minimum(colours[part.role] * part.tone, 255)
            for part in skeleton.parts
        ]),
        girth=rng.uniform(.88, 1.25))
