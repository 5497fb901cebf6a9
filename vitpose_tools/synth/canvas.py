# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Optional, Tuple

import numpy as np

from .appearance import Appearance
from .skeleton import Skeleton
from .solid import swept_ball

AMBIENT = .5
BAND_SHADE = .45
# A joint counts as seen while nothing lies further in front of it than this
# many radii of the flesh around it.
FLESH = 1.7


class Canvas:
    """An image with a depth and an owner for every pixel.

    The projection is orthographic and depths are in pixels too. Draw far
    bodies first, so that soft edges blend with what is behind them.

    Args:
        image (np.ndarray): Background, BGR in 0..255, shape (h, w, 3).
        light (np.ndarray): Unit vector towards the light in the viewer's
            axes (x right, y down, z away from the viewer), shape (3, ).

    Attributes:
        depth (np.ndarray): Depth of what each pixel shows, shape (h, w).
        owner (np.ndarray): Number of the body each pixel shows, 0 for the
            background, shape (h, w).
    """

    def __init__(self, image: np.ndarray, light: np.ndarray) -> None:
        self.image = image.astype(np.float32)
        self.light = light.astype(np.float32)
        self.depth = np.full(image.shape[:2], np.inf, np.float32)
        self.owner = np.zeros(image.shape[:2], np.uint8)

    def draw_body(self, skeleton: Skeleton, joints: np.ndarray, scale: float,
                  look: Appearance, number: int) -> None:
        """Draw one body.

        Args:
            skeleton (Skeleton): The body.
            joints (np.ndarray): Joints (x, y, z) in pixels, (num_joints, 3).
            scale (float): Pixels per body length.
            look (Appearance): Its colours and build.
            number (int): Its owner number, from 1.
        """
        ends = joints[skeleton.part_rows].astype(np.float32)
        colours = look.colours.astype(np.float32)
        radii = np.array([part.radii for part in skeleton.parts], np.float32)
        radii *= scale * look.girth
        for i in np.argsort(-ends[..., 2].mean(1), kind='stable'):
            self._draw_part(*ends[i], radii[i], colours[i],
                            skeleton.parts[i].bands, number)

    def _draw_part(self, start: np.ndarray, end: np.ndarray, radii: np.ndarray,
                   colour: np.ndarray, bands: int, number: int) -> None:
        """Draw a ball swept between two points (x, y, z), all in pixels."""
        window = self._window(start, end, radii.max())
        if window is None:
            return
        rows, cols = window
        x = np.arange(cols.start, cols.stop, dtype=np.float32) - start[0]
        y = np.arange(rows.start, rows.stop, dtype=np.float32) - start[1]
        y = y[:, None]
        dx, dy, _ = end - start
        length = np.hypot(dx, dy)
        if length < 1e-3:  # a ball, or a limb seen end on
            dx, dy, length = np.float32([1e-3, 0, 1e-3])
        ux, uy = dx / length, dy / length
        front = swept_ball(x * ux + y * uy, y * ux - x * uy, length,
                           np.stack([start[2], end[2]]), radii)

        lx, ly, lz = self.light
        lit = (
            front.along * (ux * lx + uy * ly) + front.across *
            (ux * ly - uy * lx) + front.ahead * lz)
        shade = AMBIENT + (1 - AMBIENT) * np.maximum(lit, 0)
        if bands:
            shade[(front.place * (2 * bands + 1)).astype(int) %
                  2 == 1] *= BAND_SHADE
        cover = np.where(front.depth < self.depth[window], front.cover, 0)
        under = self.image[window]
        under += cover[..., None] * (shade[..., None] * colour - under)
        solid = cover >= .5
        self.depth[window][solid] = front.depth[solid]
        self.owner[window][solid] = number

    def _window(self, start: np.ndarray, end: np.ndarray,
                radius: float) -> Optional[Tuple[slice, slice]]:
        """Rows and columns a part may touch, None if all are outside."""
        height, width = self.owner.shape
        low = np.floor(np.minimum(start, end) - radius - 1).astype(int)
        high = np.ceil(np.maximum(start, end) + radius + 2).astype(int)
        (left, top), (right, bottom) = np.maximum(low[:2], 0), high[:2]
        right, bottom = min(right, width), min(bottom, height)
        if left >= right or top >= bottom:
            return None
        return slice(top, bottom), slice(left, right)

    def sees(self, points: np.ndarray, radii: np.ndarray) -> np.ndarray:
        """Tell which points inside bodies nothing hides.

        Args:
            points (np.ndarray): Points (x, y, z) inside the image in pixels,
                shape (num_points, 3).
            radii (np.ndarray): Radius in pixels of the flesh around each,
                shape (num_points, ).

        Returns:
            np.ndarray: Booleans, shape (num_points, ).
        """
        cols, rows = np.rint(points[:, :2]).astype(int).T
        return points[:, 2] - self.depth[rows, cols] <= FLESH * radii + 1
