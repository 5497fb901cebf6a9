# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import math
from dataclasses import dataclass
from typing import Any, List, Sequence

import numpy as np

from .finding import WARNING, Finding, describe


@dataclass(frozen=True)
class People:
    """Annotations with keypoints, as arrays.

    Args:
        records: The annotations, P of them.
        keypoints: x, y in pixels of the image, and v, (P, K, 3).
        boxes: x, y, w, h in pixels of the image, (P, 4); NaN without one.
        iscrowd: Whether it is a group, (P, ).
        body: The first so many keypoints are what 'num_keypoints' counts.
    """

    records: List[dict]
    keypoints: np.ndarray
    boxes: np.ndarray
    iscrowd: np.ndarray
    body: int

    @property
    def labelled(self) -> np.ndarray:
        """Number of labelled keypoints, (P, )."""
        return (self.keypoints[..., 2] > 0).sum(1)

    @property
    def counted(self) -> np.ndarray:
        """Who is trained on and scored: labelled, and no group, (P, )."""
        return (self.labelled > 0) & ~self.iscrowd


def check_keypoints(records: Sequence[dict], file: str, num_keypoints: int,
                    fields: Sequence[str]) -> List[Finding]:
    """Check that keypoints can be read as arrays.

    Args:
        records: Annotations with keypoints.
        file: Path of the file, for the messages.
        num_keypoints: Keypoints of the dataset's skeleton, K.
        fields: Keys of the lists that make up the keypoints.
    """
    findings = []
    for field in fields[1:]:
        findings += describe(
            'keypoints-missing', file,
            f"people have no '{field}'", records,
            [field not in ann for ann in records], 'add the list')
    if findings:
        return findings
    findings = describe(
        'keypoints-form', file,
        f"people have {' or '.join(fields)} that are no list", records,
        [not all(isinstance(ann[field] or [], list) for field in fields)
         for ann in records], 'write x, y, v of each keypoint in one list')
    if findings:
        return findings
    sizes = np.array([sum(len(ann[field] or ()) for field in fields)
                      for ann in records], dtype=int)
    wrong = sizes != 3 * num_keypoints
    if wrong.any():
        number = sizes[wrong][0] / 3
        return describe(
            'keypoint-count', file,
            f"people have {number:g} keypoints in "
            f"{' + '.join(fields)}, where the dataset's metainfo has "
            f'{num_keypoints}', records, wrong,
            'take a dataset class or metainfo with the skeleton of the file')
    return describe(
        'keypoint-text', file,
        f"people have something in '{fields[0]}' that is no number",
        records, texts(records, fields), 'write x, y, v as numbers')


def check_empty(annotations: Sequence[dict], file: str,
                field: str) -> List[Finding]:
    """Check that nobody has keypoints that are null or an empty list, with
    which MMPose cannot load the file.

    Args:
        annotations: All of the file.
        file: Path of the file, for the messages.
        field: Key of the keypoints.
    """
    return describe(
        'keypoints-empty', file,
        f"annotations have '{field}' that are null or empty", annotations,
        [field in ann and 'bbox' in ann and not ann[field]
         for ann in annotations],
        f"take '{field}' out of those who have none")


def texts(records: Sequence[dict], fields: Sequence[str]) -> Sequence[bool]:
    """Which people have other things than numbers and null as keypoints."""
    values = [ann[field] for ann in records for field in fields]
    try:
        if np.asarray([value for row in values for value in row]
                      ).dtype.kind in 'iufb':
            return np.zeros(len(records), dtype=bool)
    except ValueError:  # lists within
        pass
    return [
        any(not isinstance(value, (int, float, type(None)))
            for field in fields for value in ann[field]) for ann in records
    ]


def read_people(records: Sequence[dict], num_keypoints: int,
                fields: Sequence[str]) -> People:
    """Make arrays of annotations that check_keypoints has passed."""
    lists = [sum((ann[field] for field in fields[1:]), ann[fields[0]])
             for ann in records]
    return People(
        records=list(records),
        keypoints=np.array(lists, dtype=float).reshape(
            -1, num_keypoints, 3),
        boxes=np.array([read_box(ann.get('bbox')) for ann in records],
                       dtype=float).reshape(-1, 4),
        iscrowd=np.array([bool(ann.get('iscrowd', 0)) for ann in records],
                         dtype=bool),
        body=len(records[0][fields[0]]) // 3 if records else num_keypoints)


def read_box(box: Any) -> Sequence[float]:
    """Four finite numbers, NaN where there is no such box."""
    if isinstance(box, (list, tuple)) and len(box) == 4 and all(
            is_number(value) for value in box):
        return box
    return [math.nan] * 4


def check_people(people: People, file: str) -> List[Finding]:
    """Check the values that make up a person.

    Args:
        people: All annotations with keypoints.
        file: Path of the file, for the messages.
    """
    records, seen = people.records, people.keypoints[..., 2]
    lost = ~np.isfinite(people.keypoints[..., :2]).all(-1) & (seen > 0)
    findings = describe(
        'keypoint-nan', file,
        'people have a labelled keypoint (v > 0) whose coordinate is '
        'NaN or null', records, lost.any(1),
        'as it stands, every prediction for them counts as right; set v to 0')
    findings += describe(
        'visibility-value', file,
        'people have a keypoint whose v is negative, NaN or null',
        records, (~(seen >= 0)).any(1),
        'v is 0 (not labelled), 1 (hidden) or 2 (visible)')
    findings += describe(
        'visibility-high', file,
        'people have a keypoint with v > 2', records,
        (seen > 2).any(1), 'it counts as labelled; v is 0 (not labelled), 1 '
        '(hidden) or 2 (visible). AI Challenger\'s own 3 means not labelled: '
        'convert with `vitpose-mm data aic`', severity=WARNING)
    # COCO-WholeBody's face and hands have confidences, which its class takes
    # for labelled.
    part = (seen > 0) & (seen < 1) & (people.body == seen.shape[1])
    findings += describe(
        'visibility-part', file,
        'people have a keypoint with v between 0 and 1', records,
        part.any(1), 'it is a weight of the loss, whose '
        'target is empty below 0.5; v is 0 (not labelled), 1 (hidden) or 2 '
        '(visible), no confidence')
    findings += describe(
        'iscrowd', file,
        "people have an 'iscrowd' that is not 0 or 1", records,
        [ann.get('iscrowd', 0) not in (0, 1) for ann in records],
        'any text counts as a crowd and is left out; write a number')
    # COCO-WholeBody's num_keypoints counts those of the body alone.
    body = (seen[:, :people.body] > 0).sum(1)
    stated = np.array([number_of(ann, count)
                       for ann, count in zip(records, body)])
    findings += describe(
        'num-keypoints-zero', file,
        "people have 'num_keypoints' 0 though keypoints of theirs are "
        'labelled', records, (stated == 0) & (body > 0) & ~people.iscrowd,
        'such people are left out; write the number of keypoints with v > 0')
    findings += describe(
        'num-keypoints', file,
        "people have a 'num_keypoints' that is not the number of their "
        'labelled keypoints', records,
        (stated != 0) & (stated != body) & ~people.iscrowd,
        'a metric of crowds takes the stated one', severity=WARNING)
    return findings


def is_number(value: Any) -> bool:
    """Whether a value is a finite number, and no truth value."""
    return isinstance(value, (int, float)) and not isinstance(
        value, bool) and math.isfinite(value)


def number_of(ann: dict, count: int) -> float:
    """The stated number of keypoints, or what was counted."""
    stated = ann.get('num_keypoints', count)
    return stated if isinstance(stated, (int, float)) else math.nan
