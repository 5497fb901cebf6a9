# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import List

import numpy as np

from .finding import ERROR, FEW, WARNING, Finding, describe
from .image_sizes import CUT, lost_area
from .people import People

# Of a box's size, on each side, which its keypoints may lie beyond it.
MARGIN = 0.2
# Corners and x, y, w, h are told apart where one box is so much smaller.
SMALLER = 0.6


def check_boxes(people: People, file: str) -> List[Finding]:
    """Check that people who can be trained on have a box.

    Args:
        people: Annotations with keypoints.
        file: Path of the annotation file, for the messages.
    """
    counted = people.counted
    absent = np.array(['bbox' not in ann for ann in people.records],
                      dtype=bool)
    findings = describe(
        'box-missing', file,
        "people have keypoints but no 'bbox'", people.records,
        absent & counted, 'they would be left out, by bottom-up training too '
        '(there they become background); write a box (x, y, w, h) around '
        'the person')
    findings += describe(
        'box-text', file,
        "people have a 'bbox' that is not four numbers (x, y, w, h)",
        people.records, np.isnan(people.boxes).any(1) & ~absent,
        'write x, y, w, h in pixels')
    findings += describe(
        'box-empty', file,
        "people have a 'bbox' without width or height", people.records,
        (people.boxes[:, 2:] <= 0).any(1) & counted,
        'they are left out; boxes are x, y, w, h, not two corners',
        severity=WARNING)
    return findings


def check_box_places(people: People, sizes: np.ndarray,
                     file: str) -> List[Finding]:
    """Check that boxes are around their keypoints.

    Args:
        people: Annotations with keypoints.
        sizes: Width and height of each person's image in pixels, (P, 2); NaN
            where they are not known.
        file: Path of the annotation file, for the messages.
    """
    counted = people.counted & (people.boxes[:, 2:] > 0).all(1)
    corners = counted & are_corners(people, counted, sizes)
    with np.errstate(invalid='ignore', divide='ignore'):
        share = outside(people, people.boxes, MARGIN).sum(1) / people.labelled
    elsewhere = counted & ~corners & (share > 0.5)
    most = counted.sum() / 2
    return describe(
        'box-corners', file,
        "people have a 'bbox' that fits them as two corners (x1, y1, x2, y2) "
        'only', people.records, corners,
        'write x, y, w, h, with w = x2 - x1 and h = y2 - y1',
        ERROR if corners.sum() > FEW * counted.sum() else WARNING) + describe(
        'box-elsewhere', file,
        "people have most of their keypoints outside of their 'bbox'",
        people.records, elsewhere,
        'the crop would miss them; write the box around this person, in the '
        'pixels that the keypoints are in',
        ERROR if elsewhere.sum() > most else WARNING)


def are_corners(people: People, counted: np.ndarray,
                sizes: np.ndarray) -> np.ndarray:
    """Which boxes are x1, y1, x2, y2 rather than x, y, w, h.

    One box is known by reaching far beyond its image while its keypoints are
    between the two corners. Where most of the boxes whose two readings
    differ hold their keypoints in the smaller one, all of these are meant.

    Args:
        people: Annotations with keypoints.
        counted: Which of them have keypoints and a box, (P, ).
        sizes: Width and height of their images in pixels, (P, 2).

    Returns:
        Of shape (P, ).
    """
    first, last = people.boxes[:, :2], people.boxes[:, 2:]
    between = np.concatenate([first, last - first], axis=1)
    with np.errstate(invalid='ignore'):
        proper = (first >= 0).all(1) & (last > first).all(1)
        differ = counted & ~((between[:, 2:].prod(1) > SMALLER *
                              last.prod(1)) & proper)
    fit = counted & proper & ~outside(people, between, 0.05).any(1)
    beyond = lost_area(people.boxes, sizes) > CUT
    several = differ & (people.labelled > 1)
    if several.sum() > 2 and (fit & several).sum() > several.sum() / 2:
        return fit & (differ | beyond)
    return fit & beyond


def outside(people: People, boxes: np.ndarray, margin: float) -> np.ndarray:
    """Which labelled keypoints are beyond a box and a margin.

    Args:
        people: Annotations with keypoints.
        boxes: x, y, w, h in pixels, (P, 4).
        margin: Share of the box's size, on each side.

    Returns:
        Of shape (P, K).
    """
    points = people.keypoints[..., :2]
    first = boxes[:, :2] - margin * boxes[:, 2:]
    last = boxes[:, :2] + (1 + margin) * boxes[:, 2:]
    with np.errstate(invalid='ignore'):
        beyond = (points < first[:, None]) | (points > last[:, None])
    return beyond.any(-1) & (people.keypoints[..., 2] > 0)
