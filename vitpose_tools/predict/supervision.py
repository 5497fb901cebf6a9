# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import TYPE_CHECKING

import numpy as np

from vitpose_tools.extras import need
from .poses import Poses

if TYPE_CHECKING:
    import supervision


def to_key_points(poses: Poses) -> 'supervision.KeyPoints':
    """As ``supervision.KeyPoints``, in image pixels.

    Args:
        poses: Keypoints that are NaN become (0, 0), which supervision takes
            for missing, of score 0 and not visible.

    Returns:
        With ``data['xyxy']``, and ``data['tracker_id']`` where people are
        followed.
    """
    package = need('supervision', 'KeyPoints are made')
    known = np.isfinite(poses.keypoints).all(-1)  # (N, K)
    scores = np.where(known & np.isfinite(poses.scores), poses.scores, 0.)
    data = dict(xyxy=np.asarray(poses.boxes, np.float32))
    if poses.track_ids is not None:
        data['tracker_id'] = np.asarray(poses.track_ids, int)
    return package.KeyPoints(
        xy=np.where(known[..., None], poses.keypoints, 0.).astype(np.float32),
        class_id=np.zeros(len(poses), int),
        keypoint_confidence=scores.astype(np.float32),
        detection_confidence=np.asarray(poses.box_scores, np.float32),
        visible=known,
        data=data)
