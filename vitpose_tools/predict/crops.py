# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""From boxes to crops and back, as MMPose's GetBBoxCenterScale,
TopdownAffine and TopdownPoseEstimator."""
from typing import NamedTuple

import cv2
import numpy as np

from .network import CropSpec


class Places(NamedTuple):
    """Where N crops lie in an image, in its pixels.

    Args:
        centers: (x, y), shape (N, 2), float32.
        scales: (w, h) of what a crop shows, shape (N, 2), float32.
        is_known: Shape (N,); false of a box without area, or not finite,
            which shows nothing.
    """

    centers: np.ndarray
    scales: np.ndarray
    is_known: np.ndarray


def place(xyxy: np.ndarray, spec: CropSpec) -> Places:
    """Pad boxes and bring them to the shape of the crops.

    Args:
        xyxy: x1, y1, x2, y2 in image pixels, shape (N, 4), float32.
    """
    sizes = xyxy[:, 2:] - xyxy[:, :2]
    is_known = np.isfinite(xyxy).all(1) & (sizes > 0).all(1)
    sizes = sizes * np.float32(spec.padding)
    aspect = spec.input_size[0] / spec.input_size[1]
    w, h = sizes[:, :1], sizes[:, 1:]
    sizes = np.where(w > h * aspect, np.hstack([w, w / aspect]),
                     np.hstack([h * aspect, h])).astype(np.float32)
    centers = (xyxy[:, 2:] + xyxy[:, :2]) * np.float32(0.5)
    return Places(centers, sizes, is_known)


def matrix(center: np.ndarray, scale: np.ndarray,
           spec: CropSpec) -> np.ndarray:
    """Affine map from image to crop pixels, (2, 3).

    Args:
        center, scale: Of one place.
    """
    w, h = spec.input_size
    if spec.use_udp:
        # Unbiased (arXiv 1911.07524): the centres of the outer pixels of a
        # crop lie on the border of the place.
        steps = np.array([w - 1, h - 1], np.float32) / scale
        shift = steps * (np.float32(-0.5) * (center * 2)
                         + np.float32(0.5) * scale)
        return np.array([[steps[0], 0, shift[0]], [0, steps[1], shift[1]]],
                        np.float32)
    # One scale for both directions, that of the width.
    left = (center + np.array([scale[0] * -0.5, 0])).astype(np.float32)
    below = left + np.array([0, center[0] - left[0]], np.float32)
    source = np.stack((center, left, below))
    middle = np.array([w / 2, h / 2], np.float32)
    target = middle + np.array([[0, 0], [-w / 2, 0], [-w / 2, w / 2]],
                               np.float32)
    return cv2.getAffineTransform(source, target)


def cut(image: np.ndarray, places: Places, spec: CropSpec) -> np.ndarray:
    """Cut places out of an image; black beyond its border.

    Args:
        image: Shape (h, w, 3), uint8.

    Returns:
        Crops of the known places, shape (M, h, w, 3), uint8.
    """
    w, h = spec.input_size
    known = np.flatnonzero(places.is_known)
    crops = np.empty((len(known), h, w, 3), np.uint8)
    for crop, n in zip(crops, known):
        cv2.warpAffine(
            image, matrix(places.centers[n], places.scales[n], spec), (w, h),
            dst=crop, flags=cv2.INTER_LINEAR)
    return crops


def to_image(keypoints: np.ndarray, places: Places,
             spec: CropSpec) -> np.ndarray:
    """Bring keypoints (N, K, 2) from crop to image pixels."""
    scales = places.scales[:, None]
    return keypoints / np.array(spec.input_size) * scales + \
        places.centers[:, None] - 0.5 * scales
