# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import List, Sequence

import numpy as np

from .finding import ERROR, FEW, NOTE, WARNING, Finding, describe
from .people import People

# Pixels beyond the image that rounding and other conventions explain.
ROUNDING = 1.
# Images below this width hold no picture, so that coordinates up to 1 are
# shares of the image.
TINY = 8


def check_coordinates(people: People, sizes: np.ndarray,
                      file: str) -> List[Finding]:
    """Check that labelled keypoints are in their images.

    Args:
        people: Annotations with keypoints.
        sizes: Width and height of each person's image in pixels, (P, 2); NaN
            where they are not known.
        file: Path of the annotation file, for the messages.
    """
    points, records = people.keypoints[..., :2], people.records
    labelled = (people.keypoints[..., 2] > 0) & np.isfinite(points).all(-1)
    if are_shares(points[labelled], sizes):
        return describe(
            'keypoint-share', file,
            'people have keypoints between 0 and 1, as shares of the image',
            records, labelled.any(1),
            'multiply x by its width and y by its height')
    origin = labelled & (points == 0).all(-1)
    marked = origin.any(1)
    findings = describe(
        'keypoint-origin', file,
        'people have a keypoint at (0, 0) that counts as labelled (v > 0)',
        records, marked,
        'it would be learned there; set v to 0 where nothing was labelled',
        ERROR if marked.mean() > FEW else WARNING)
    with np.errstate(invalid='ignore'):
        out = labelled & ~origin & (
            (points < -ROUNDING) | (points > sizes[:, None] + ROUNDING)
        ).any(-1)
    marked = out.any(1)
    return findings + describe(
        'keypoint-outside', file,
        'people have a labelled keypoint outside the image', records, marked,
        'nothing can be learned there; set v to 0, or, if images were resized '
        'after labelling, bring coordinates to their size',
        ERROR if marked.mean() > 0.5 else WARNING)


def are_shares(points: np.ndarray, sizes: np.ndarray) -> bool:
    """Whether coordinates (N, 2) are shares of images and not pixels."""
    return bool(len(points) and points.any() and points.min() >= 0
                and points.max() <= 1 and np.nanmax(sizes) > TINY)


def check_unlabelled(people: People, file: str) -> List[Finding]:
    """Say which people and keypoints no training will see.

    Args:
        people: Annotations with keypoints.
        file: Path of the annotation file, for the messages.
    """
    points, seen = np.nan_to_num(people.keypoints[..., :2]), \
        people.keypoints[..., 2]
    placed = (seen == 0) & points.any(-1)
    nobody = (people.labelled == 0) & ~people.iscrowd
    lost = placed.any(1)
    cure = ('it counts as not labelled; write v = 1 (hidden) or 2 (visible) '
            'where it is meant')
    return describe(
        'visibility-lost', file,
        'people have coordinates, but no keypoint with v > 0', people.records,
        nobody & lost, cure, WARNING) + describe(
        'visibility-zero', file,
        'people have a keypoint with coordinates, but v = 0', people.records,
        ~nobody & lost & ~people.iscrowd, cure, NOTE) + describe(
        'keypoints-none', file,
        'people have no labelled keypoint, all are zero', people.records,
        nobody & ~lost, 'training leaves them out', NOTE)


def check_occurrence(people: People, names: Sequence[str],
                     file: str) -> List[Finding]:
    """Say which keypoints nobody has.

    Args:
        people: Annotations with keypoints.
        names: Of the K keypoints.
        file: Path of the annotation file, for the messages.
    """
    counts = (people.keypoints[..., 2] > 0).sum(0)
    never = [names[index] for index in np.flatnonzero(counts == 0)]
    if not never or not counts.any():
        return []
    return [
        Finding(
            'keypoint-never', file,
            f'keypoints are labelled on nobody: {", ".join(never)}',
            'a model learns nothing for them, and predicts them at random; '
            'take them out of the skeleton, or look for them under another '
            'number', WARNING, len(never), len(names))
    ]
