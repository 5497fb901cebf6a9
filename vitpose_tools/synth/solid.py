# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import NamedTuple

import numpy as np


class Surface(NamedTuple):
    """What a viewer sees of a solid; all arrays are (rows, cols).

    Attributes:
        cover: Share of each pixel that the solid covers, 0..1.
        depth: Depth of its front, in pixels.
        place: Where along its axis the front belongs, 0 (start) to 1 (end).
        along, across, ahead: Parts of the unit normal along the axis as
            drawn, to its right, and away from the viewer.
    """
    cover: np.ndarray
    depth: np.ndarray
    place: np.ndarray
    along: np.ndarray
    across: np.ndarray
    ahead: np.ndarray


def swept_ball(along: np.ndarray, across: np.ndarray, length: np.ndarray,
               depths: np.ndarray, radii: np.ndarray) -> Surface:
    """Find the front of a ball that moves along a straight axis.

    It is exact for equal radii; for others the radius at a pixel is that of
    the nearest point of the axis as drawn.

    Args:
        along (np.ndarray): Coordinate of each pixel along the axis as drawn,
            0 at its start, shape (rows, cols).
        across (np.ndarray): Coordinate to the right of it, (rows, cols).
        length (np.ndarray): Length of the axis as drawn, above 0.
        depths (np.ndarray): Depth of its start and end, shape (2, ).
        radii (np.ndarray): Radius at its start and end, shape (2, ).

    Returns:
        Surface: Its front.
    """
    place = np.clip(along / length, 0, 1)
    radius = radii[0] + (radii[1] - radii[0]) * place
    gap = along - place * length
    cover = np.clip(radius + .5 - np.sqrt(gap * gap + across * across), 0, 1)

    # Of the balls at start + t (end - start), the one nearest to the viewer
    # minimises depth + t rise - sqrt(bulge^2 - (along - t length)^2).
    rise = depths[1] - depths[0]
    bulge2 = np.maximum(radius * radius - across * across, 0)
    lean = rise / np.hypot(length, rise)
    place = np.clip((along - np.sqrt(bulge2) * lean) / length, 0, 1)
    gap = along - place * length
    ahead = -np.sqrt(np.maximum(bulge2 - gap * gap, 0))
    return Surface(cover, depths[0] + place * rise + ahead, place,
                   gap / radius, across / radius, ahead / radius)
