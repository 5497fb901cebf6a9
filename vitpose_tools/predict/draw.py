# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""People drawn with OpenCV alone: MMPose's visualizer, which the reports use,
knows no track ids."""
import colorsys
from typing import Optional, Tuple

import cv2
import numpy as np

from . import images
from .poses import Poses

# Coordinates in sixteenths of a pixel, as OpenCV takes them.
SHIFT = 4
# Where a dataset says no colours, RGB.
PLAIN = (255, 128, 0)
# Beyond it OpenCV's whole numbers overflow.
FAR = 1e5


def draw(image: np.ndarray, poses: Poses, min_score: float = 0.3
         ) -> np.ndarray:
    """Draw the keypoints and links of people, and of those who are followed
    the box with the track id.

    Args:
        image: BGR, shape (h, w, 3), uint8; it is left as it is.
        poses: In its pixels.
        min_score: Keypoints of less score are left out, and those that are
            not finite.

    Returns:
        A new image, BGR, shape (h, w, 3).
    """
    image = image.copy()
    # About 3 pixels in a picture of 1000.
    thick = max(1, round(max(image.shape[:2]) / 400))
    for person in range(len(poses)):
        if poses.track_ids is not None:
            draw_track(image, poses.boxes[person],
                       int(poses.track_ids[person]), thick)
        draw_person(image, poses, person, min_score, thick)
    return image


def draw_person(image: np.ndarray, poses: Poses, person: int,
                min_score: float, thick: int) -> None:
    """Draw links, and keypoints over them."""
    skeleton, points = poses.skeleton, poses.keypoints[person]
    with np.errstate(invalid='ignore'):
        shown = (np.isfinite(points).all(-1) & (np.abs(points) < FAR).all(-1)
                 & (poses.scores[person] >= min_score))
    for number, (a, b) in enumerate(skeleton.links):
        if shown[a] and shown[b]:
            cv2.line(image, fixed(points[a]), fixed(points[b]),
                     bgr(skeleton.link_colors, number), thick, cv2.LINE_AA,
                     SHIFT)
    for k in np.flatnonzero(shown):
        center, radius = fixed(points[k]), (thick + 1) << SHIFT
        cv2.circle(image, center, radius, bgr(skeleton.keypoint_colors, k),
                   cv2.FILLED, cv2.LINE_AA, SHIFT)


def draw_track(image: np.ndarray, box: np.ndarray, track_id: int,
               thick: int) -> None:
    """Draw the box of a person in a colour of the id, and the id."""
    if track_id < 0 or not np.isfinite(box).all() or np.abs(box).max() > FAR:
        return
    # Steps of the golden ratio: neighbouring ids differ most.
    rgb = colorsys.hsv_to_rgb(track_id * 0.618 % 1., 0.7, 1.)
    color = tuple(round(255 * part) for part in reversed(rgb))
    cv2.rectangle(image, fixed(box[:2]), fixed(box[2:]), color, thick,
                  cv2.LINE_AA, SHIFT)
    x, y = int(max(box[0], 0)), int(max(box[1] - 2 * thick, 12 * thick))
    cv2.putText(image, str(track_id), (x, y), cv2.FONT_HERSHEY_SIMPLEX,
                0.4 * thick, color, thick, cv2.LINE_AA)


def fixed(point: np.ndarray) -> Tuple[int, int]:
    """(x, y) in pixels as OpenCV's fixed-point numbers."""
    x, y = np.round(np.asarray(point, float) * (1 << SHIFT)).astype(int)
    return int(x), int(y)


def bgr(colors: tuple, index: int) -> Tuple[int, int, int]:
    """The colour of a keypoint or link."""
    red, green, blue = colors[index] if index < len(colors) else PLAIN
    return blue, green, red


def read_image(source: str, frame: Optional[int]) -> np.ndarray:
    """Read the picture that people were looked for in once more.

    Returns:
        BGR, shape (h, w, 3), turned as EXIF says.

    Raises:
        ValueError: If it is no picture on this machine.
    """
    if frame is not None or not source:
        what = f'frame {frame} of {source}' if source else 'an image'
        raise ValueError(f'{what} was not kept; draw it with '
                         'draw(image, poses)')
    return images.read_image(source)


def encode(image: np.ndarray, suffix: str) -> bytes:
    """A picture file's bytes, for paths in any alphabet.

    Args:
        image: BGR, shape (h, w, 3).
        suffix: '.png', or '.jpg' and the like.
    """
    quality = [] if suffix == '.png' else [cv2.IMWRITE_JPEG_QUALITY, 95]
    return cv2.imencode(suffix, image, quality)[1].tobytes()
