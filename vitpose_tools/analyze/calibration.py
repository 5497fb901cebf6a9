# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Whether confidence means what it says: pure functions of arrays.

P people, K keypoints, in pixels of the image; NaN where nothing was measured.
"""
from typing import Any, Dict, Optional, Sequence

import numpy as np

from vitpose_tools.report.errors import PCK_THRESHOLD

BINS = 10  # of confidence, equally wide between 0 and 1
# COCO's stand-in for the area of a person without one, as a part of the box
# (MMPose's CocoMetric with use_area=False).
PART_OF_BOX = 0.53


def correct(errors: np.ndarray, sizes: np.ndarray,
            threshold: float = PCK_THRESHOLD) -> np.ndarray:
    """PCK of single keypoints: 1 nearer than a part of the box's longer
    side, else 0.

    Args:
        errors: In pixels, shape (P, K).
        sizes: Longer sides of the boxes, shape (P, ).

    Returns:
        Shape (P, K); NaN where the error is.
    """
    right = (errors / sizes[:, None] < threshold).astype(float)
    return np.where(np.isfinite(errors), right, np.nan)


def keypoint_oks(errors: np.ndarray, areas: np.ndarray, boxes: np.ndarray,
                 sigmas: np.ndarray) -> np.ndarray:
    """Object keypoint similarity of single keypoints, as COCO takes the mean
    of over a person: exp(-e^2 / (2 area (2 sigma)^2)).

    Args:
        errors: In pixels, shape (P, K).
        areas: In squared pixels, shape (P, ); NaN is taken from the box.
        boxes: x1, y1, x2, y2, shape (P, 4).
        sigmas: Shape (K, ).

    Returns:
        Shape (P, K); NaN where the error is.
    """
    stand_in = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) * PART_OF_BOX
    areas = np.where(np.isfinite(areas), areas, stand_in)
    scale = 2 * areas[:, None] * (2 * sigmas)**2
    return np.exp(-errors**2 / (scale + np.spacing(1)))


def reliability(scores: np.ndarray, quality: np.ndarray,
                bins: int = BINS) -> Dict[str, Any]:
    """Compare confidence with what came of it.

    Args:
        scores: Confidence, any shape; what is beyond 0 to 1 is in the first
            or last bin.
        quality: Same shape, 0 to 1: whether a keypoint is right, or how
            right.

    Returns:
        'ece': expected calibration error (Guo et al., arXiv 1706.04599,
        section 2), the mean over the keypoints of how far the mean confidence
        of their bin is from the mean quality there; 'confidence' and
        'quality', the means over all; 'bins' that hold anything, each with
        its edges, count and both means. None where nothing was measured.
    """
    known = np.isfinite(scores) & np.isfinite(quality)
    scores, quality = scores[known], quality[known]
    if not scores.size:
        return dict(ece=None, confidence=None, quality=None, bins=[])
    places = np.clip((scores * bins).astype(int), 0, bins - 1)
    entries = [
        dict(lowest=place / bins, highest=(place + 1) / bins,
             count=int((places == place).sum()),
             confidence=float(scores[places == place].mean()),
             quality=float(quality[places == place].mean()))
        for place in np.unique(places).tolist()]
    apart = sum(entry['count'] * abs(entry['confidence'] - entry['quality'])
                for entry in entries)
    return dict(
        ece=apart / scores.size,
        confidence=float(scores.mean()),
        quality=float(quality.mean()),
        bins=entries)


def find_sigmas(metainfo: Dict[str, Any],
                keypoints: int) -> Optional[Sequence[float]]:
    """COCO's sigmas of the keypoints of a dataset; None if it has none."""
    sigmas = metainfo.get('sigmas')
    if sigmas is None or len(sigmas) != keypoints:
        return None
    sigmas = np.asarray(sigmas, float)
    return sigmas if (sigmas > 0).all() else None
