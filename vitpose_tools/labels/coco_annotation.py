# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Annotations and categories of COCO files, as tools write them."""
from typing import Any, Iterable, List, Optional, Tuple

import numpy as np

from .records import Instance, Labels
from .visibility import with_visibility

NO_VISIBILITY = ('annotations of x and y alone: a keypoint counts as visible '
                 'unless it is at (0, 0) or negative')


def same(value: Any) -> str:
    """An id for comparing: tools write 7, '7' and 7.0 for the same."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value)


def count_keypoints(annotations: Iterable[dict]) -> int:
    """How many keypoints those of a category without names have: x, y and
    visibility of each, or x and y alone where every third number cannot be a
    visibility."""
    lists = [one['keypoints'] for one in annotations]
    length = len(lists[0])
    if all(value in (0, 1, 2) for one in lists for value in one[2::3]) or (
            length % 2):
        return length // 3
    return length // 2


def bones(pairs: Any, names: List[str], labels: Labels
          ) -> List[Tuple[int, int]]:
    """Pairs of indices from 0, of a skeleton that counts from 1, or that
    holds names."""
    ends = {name: i for i, name in enumerate(names, 1)}
    found = []
    for pair in pairs if isinstance(pairs, list) else []:
        try:
            a, b = (ends.get(end, end) for end in pair)
            found.append((int(a), int(b)))
        except (TypeError, ValueError, OverflowError):
            labels.skipped['bones that are no pair of keypoints'] += 1
    first = 1
    if any(0 in pair for pair in found):
        first, labels.notes['skeletons that count from 0'] = 0, 1
    known = [(a - first, b - first) for a, b in found
             if 0 <= min(a, b) - first and max(a, b) - first < len(names)]
    labels.skipped['bones between unknown keypoints'] += (
        len(found) - len(known))
    return known


def named_pairs(pairs: Any, names: List[str]) -> List[Tuple[int, int]]:
    """Pairs of indices, of the names that change places in a mirrored
    picture; none unless each name is known and in one pair."""
    if not isinstance(pairs, list) or not all(
            isinstance(pair, list) and len(pair) == 2 for pair in pairs):
        return []
    named = [name for pair in pairs for name in pair]
    if any(name not in names or named.count(name) > 1 for name in named):
        return []
    return [tuple(sorted(map(names.index, pair))) for pair in pairs]


def read_annotation(one: dict, labels: Labels, category_ids: set
                    ) -> Tuple[Optional[Instance], Optional[str]]:
    """An annotation, or why it is skipped."""
    if str(one.get('iscrowd', 0)).lower() in ('1', 'true'):
        return None, 'crowd regions'
    if not one.get('keypoints'):
        return None, 'annotations without keypoints'
    if same(one.get('category_id')) not in category_ids:
        return None, 'annotations of another category'
    try:
        values = np.array(one['keypoints'], float)
    except (TypeError, ValueError):
        return None, 'annotations whose keypoints are no numbers'
    number = len(labels.keypoints)
    if values.size not in (2 * number, 3 * number):
        return None, 'annotations with another number of keypoints'
    values = values.reshape(number, -1)
    labels.notes[NO_VISIBILITY] += values.shape[1] == 2
    keypoints = with_visibility(values)
    if values.shape[1] == 3:
        whole = np.isfinite(values).all(1)
        labels.skipped['keypoints that are no numbers'] += int(
            (~whole & ~(values[:, 2] == 0)).sum())
        hidden = whole & (values[:, 2] <= 0) & (values[:, :2] != 0).any(1)
        labels.notes['keypoints with a place but visibility 0, taken as not '
                     'labelled'] += int(hidden.sum())
    name = one.get('individual', one.get('track_id'))
    return Instance(keypoints, read_box(one.get('bbox')),
                    None if name is None else str(name)), None


def read_box(box: object) -> Optional[Tuple[float, ...]]:
    """Four numbers, or None."""
    try:
        values = tuple(map(float, box))
    except (TypeError, ValueError):
        return None
    return values if len(values) == 4 and np.isfinite(values).all() else None
