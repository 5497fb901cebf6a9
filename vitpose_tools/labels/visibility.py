# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import numpy as np


def with_visibility(keypoints: np.ndarray) -> np.ndarray:
    """Keypoints in the form of Instance.

    Args:
        keypoints: Shape (K, 2), x and y, where what is at (0, 0) or has a
            negative coordinate is not labelled; or (K, 3), with visibility
            (0 or less not labelled, 1 hidden, else visible).

    Returns:
        Shape (K, 3); what is no number is not labelled.
    """
    places = keypoints[:, :2]
    labelled = np.isfinite(keypoints).all(1)
    if keypoints.shape[1] == 3:
        seen = np.where(keypoints[:, 2] == 1, 1, 2)
        labelled &= keypoints[:, 2] > 0
    else:
        seen = np.full(len(keypoints), 2)
        labelled &= (places >= 0).all(1) & (places > 0).any(1)
    return np.column_stack((places, np.where(labelled, seen, 0)))
