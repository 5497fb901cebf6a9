# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import List, Sequence

WHOLEBODY = ('keypoints', 'foot_kpts', 'face_kpts', 'lefthand_kpts',
             'righthand_kpts')
# iouType -> keys of the keypoints it compares.
PARTS = {
    'keypoints': WHOLEBODY[:1],
    'keypoints_crowd': WHOLEBODY[:1],
    'keypoints_body': WHOLEBODY[:1],
    'keypoints_foot': WHOLEBODY[1:2],
    'keypoints_face': WHOLEBODY[2:3],
    'keypoints_lefthand': WHOLEBODY[3:4],
    'keypoints_righthand': WHOLEBODY[4:],
    'keypoints_wholebody': WHOLEBODY,
}
# iouType -> key of the scores that order detections, where it is not score.
SCORE_KEYS = {
    f'keypoints_{part}': f'{part}_score'
    for part in ('foot', 'face', 'lefthand', 'righthand', 'wholebody')
}
BOXES = ('bbox', 'segm')


def has_points(entry: dict, parts: Sequence[str]) -> bool:
    """Whether any keypoint is labelled, or has a score."""
    return any(value > 0 for part in parts for value in entry[part][2::3])


def require(entries: List[dict], keys: Sequence[str], what: str) -> None:
    """Refuse entries without keys.

    Args:
        entries: Annotations or results.
        keys: What each must have.
        what: Ends the message.

    Raises:
        ValueError: If one lacks a key.
    """
    for entry in entries:
        for key in keys:
            if key not in entry:
                raise ValueError(f'no {key} in id {entry["id"]} of image '
                                 f'{entry["image_id"]}: it is a {what}')
