# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import List

import numpy as np

from .finding import WARNING, Example, Finding, name_of
from .people import People

# Mean distance of the keypoints of two people that are one, as a share of
# the diagonal that they span.
NEAR = 0.02
# Keypoints that both must have, unless they are equal to the last digit.
COMMON = 3
# Pairs of people compared at once.
CHUNK = 20_000


def check_duplicates(people: People, file: str) -> List[Finding]:
    """Check that nobody is annotated twice in an image.

    Args:
        people: Annotations with keypoints.
        file: Path of the annotation file, for the messages.
    """
    usable = np.flatnonzero(people.counted)
    records = people.records
    images = np.array([records[row]['image_id'] for row in usable], dtype=int)
    kinds = np.array([records[row].get('category_id', 0) for row in usable],
                     dtype=int)
    order = np.lexsort([kinds, images])
    usable, images, kinds = usable[order], images[order], kinds[order]
    pairs = []
    for step in range(1, len(usable)):
        same = np.flatnonzero((images[:-step] == images[step:])
                              & (kinds[:-step] == kinds[step:]))
        if not len(same):
            break
        for part in np.split(same, range(CHUNK, len(same), CHUNK)):
            first, second = usable[part], usable[part + step]
            twice = are_one(people, first, second)
            pairs += zip(first[twice].tolist(), second[twice].tolist())
    if not pairs:
        return []
    # One person three times is three pairs, but two too many.
    later = {max(pair): min(pair) for pair in sorted(pairs, reverse=True)}
    examples = []
    for row, other in sorted(later.items())[:10]:
        name = name_of(records[row], row)
        examples.append(
            Example(row, name.image_id, name.annotation_id,
                    said=f'as annotation {records[other]["id"]!r}'))
    return [
        Finding(
            'person-twice', file,
            'people have the keypoints of another one of the same image',
            'remove one of the two; otherwise one counts as missed',
            WARNING, len(later), len(records), tuple(examples))
    ]


def are_one(people: People, first: np.ndarray,
            second: np.ndarray) -> np.ndarray:
    """Which pairs of people are one.

    Args:
        people: Annotations with keypoints.
        first: Rows of people, (N, ).
        second: Rows of others, (N, ).

    Returns:
        Of shape (N, ).
    """
    one, other = people.keypoints[first], people.keypoints[second]
    labelled = one[..., 2] > 0, other[..., 2] > 0
    both, any_ = labelled[0] & labelled[1], labelled[0] | labelled[1]
    distance = np.linalg.norm(one[..., :2] - other[..., :2], axis=-1)
    distance[~both] = 0
    common = both.sum(1)
    equal = (common == any_.sum(1)) & (distance.max(1) == 0)
    points = np.where(both[..., None], one[..., :2], np.nan)
    spans = np.zeros(len(one))
    some = common >= COMMON
    spans[some] = np.linalg.norm(
        np.nanmax(points[some], 1) - np.nanmin(points[some], 1), axis=-1)
    near = distance.sum(1) < NEAR * spans * common
    return equal | (near & some & (common >= 0.8 * any_.sum(1)))
