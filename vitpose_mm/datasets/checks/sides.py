# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Left and right, by the habits of a file itself.

No picture is looked at. What most people of the file have in common, such as
that the left shoulder is on the side of the left hip, is held against each.
So a file with everything exchanged is consistent, except for faces; pairs
that cross as people please, such as ankles, say nothing and are not judged;
and with few people there is no habit to go by.
"""
from typing import Iterator, List, Sequence, Tuple

import numpy as np

from .finding import FEW, NOTE, WARNING, Finding, describe
from .people import People

# People who must show a relation, and the share of them who must agree,
# before it is held against the others.
FEWEST, HABIT = 30, 0.96
# Relations that must speak about a pair, and the share that must be against.
RELATIONS, AGAINST = 2, 0.9
# Of the usual distance between left and right: nearer, sides are noise.
APART = 0.9
# Sine or cosine from which a direction is clear.
CLEAR = 0.5
# Faces that must show eyes and nose before all of them are judged.
FACES = 10
# People looked at together, by keypoint pairs: bounds the memory.
CHUNK = 4_000_000


def check_sides(people: People, flip_indices: Sequence[int],
                names: Sequence[str], file: str) -> List[Finding]:
    """Check that left and right are where they usually are.

    Args:
        people: Annotations with keypoints.
        flip_indices: Of each keypoint, the one that a flip makes of it, (K).
        names: Of the K keypoints.
        file: Path of the annotation file, for the messages.
    """
    order = np.asarray(flip_indices)
    first = np.flatnonzero(order > np.arange(len(order)))
    if not len(first):
        return []
    pairs = np.stack([first, order[first]], axis=1)
    findings = check_faces(people, names, file)
    alone = np.flatnonzero(order == np.arange(len(order)))
    usual = usual_distance(people, pairs)
    seen = np.zeros((len(pairs), 2 * len(pairs) + len(alone)))
    positive = np.zeros_like(seen)
    for _, signs in relations(people, pairs, alone, usual):
        seen += (signs != 0).sum(0)
        positive += (signs > 0).sum(0)
    share = positive / np.maximum(seen, 1)
    habit = np.where(share > 0.5, 1, -1) * (
        (seen >= FEWEST) & (np.maximum(share, 1 - share) >= HABIT))
    wrong = np.zeros((len(people.records), len(pairs)), dtype=bool)
    whole = np.zeros(len(people.records), dtype=bool)
    for rows, signs in relations(people, pairs, alone, usual):
        said = signs * habit
        wrong[rows] = is_against(said)
        # Exchanging everything leaves how pairs lie to each other.
        chiral = said[:, :, len(pairs):].reshape(len(said), 1, -1)
        whole[rows] = is_against(chiral)[:, 0]
    partly = wrong.any(1) & ~whole
    cure = ('look at them (--sheet); exchange left and right where they are '
            'wrong')
    which = [f'{names[left]}/{names[right]}' for left, right in
             pairs[wrong[partly].any(0)]]
    return findings + describe(
        'sides-whole', file,
        'people look as if left and right were exchanged in all of them',
        people.records, whole, cure, severity_of(whole)) + describe(
        'sides-pair', file, 'people look as if left and right were exchanged '
        f'in a pair of keypoints ({", ".join(which)})', people.records,
        partly, cure, severity_of(partly))


def severity_of(suspects: np.ndarray) -> str:
    """A few may cross their limbs as hardly anybody does."""
    return WARNING if suspects.mean() > FEW else NOTE


def usual_distance(people: People, pairs: np.ndarray) -> np.ndarray:
    """How far left and right of each pair are apart, as a share of what a
    person's keypoints span; the median over people, (pairs, )."""
    gaps = np.linalg.norm(sides_of(people.keypoints, pairs), axis=-1)
    with np.errstate(invalid='ignore', divide='ignore'):
        gaps /= span_of(people.keypoints)[:, None]
    return np.array([np.nanmedian(gap) if np.isfinite(gap).any() else np.nan
                     for gap in gaps.T])


def span_of(keypoints: np.ndarray) -> np.ndarray:
    """Diagonal of what labelled keypoints span, in pixels, (P, )."""
    points = places(keypoints)
    low = np.where(np.isnan(points), np.inf, points).min(1)
    high = np.where(np.isnan(points), -np.inf, points).max(1)
    with np.errstate(invalid='ignore'):
        return np.linalg.norm(np.maximum(high - low, 0), axis=-1)


def places(keypoints: np.ndarray) -> np.ndarray:
    """x and y of labelled keypoints, NaN for others, (P, K, 2)."""
    return np.where(keypoints[..., 2:] > 0, keypoints[..., :2], np.nan)


def sides_of(keypoints: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """From right to left of each pair, in pixels, (P, pairs, 2)."""
    points = places(keypoints)
    return points[:, pairs[:, 0]] - points[:, pairs[:, 1]]


def relations(people: People, pairs: np.ndarray, alone: np.ndarray,
              usual: np.ndarray) -> Iterator[Tuple[slice, np.ndarray]]:
    """On which side of others each pair has its left, for some people at a
    time.

    Yields:
        Rows of people; signs, (P, pairs, 2 * pairs + alone): whether a pair
        and another point the same way, and whether the middle of another
        pair, or a keypoint without side, is to the one or the other hand of
        the pair's direction. 0 where that is not clear.
    """
    number, width = len(pairs), 2 * len(pairs) + len(alone)
    step = max(1, CHUNK // (number * width))
    for start in range(0, len(people.records), step):
        rows = slice(start, start + step)
        keypoints = people.keypoints[rows]
        points, sides = places(keypoints), sides_of(keypoints, pairs)
        far = np.linalg.norm(sides, axis=-1)
        with np.errstate(invalid='ignore', divide='ignore'):
            sides = sides / far[..., None]
            sides[~(far > APART * usual * span_of(keypoints)[:, None])] = \
                np.nan
            along = np.einsum('npi,nqi->npq', sides, sides)
            along[:, range(number), range(number)] = np.nan
            middles = points[:, pairs].mean(2)
            marks = np.concatenate([middles, points[:, alone]], axis=1)
            axis = marks[:, None] - middles[:, :, None]
            # Middles that all but meet have no direction.
            reach = np.linalg.norm(axis, axis=-1)
            axis = axis / np.where(
                reach > 0.25 * far[..., None], reach, np.nan)[..., None]
            across = axis[..., 0] * sides[:, :, None, 1] - \
                axis[..., 1] * sides[:, :, None, 0]
            values = np.concatenate([along, across], axis=-1)
            yield rows, np.where(np.abs(values) > CLEAR, np.sign(values), 0)


def is_against(said: np.ndarray) -> np.ndarray:
    """Where what is said for (1) and against (-1), over the last axis, is a
    clear no."""
    against = (said < 0).sum(-1)
    return (against >= RELATIONS) & (
        against >= AGAINST * (said != 0).sum(-1))


def check_faces(people: People, names: Sequence[str],
                file: str) -> List[Finding]:
    """Check faces, whose left is known: looking down the nose from between
    the eyes, the left eye is to the left of a viewer in front of them."""
    index = {name.lower().replace(' ', '_'): i
             for i, name in enumerate(names)}
    wanted = 'left_eye', 'right_eye', 'nose'
    if any(name not in index for name in wanted):
        return []
    points = places(people.keypoints)[:, [index[name] for name in wanted]]
    side = points[:, 0] - points[:, 1]
    down = points[:, 2] - points[:, :2].mean(1)
    with np.errstate(invalid='ignore', divide='ignore'):
        turn = (side[:, 0] * down[:, 1] - side[:, 1] * down[:, 0]) / (
            np.linalg.norm(side, axis=-1) * np.linalg.norm(down, axis=-1))
    # y points down: +1 for a face as it is seen.
    clear = np.abs(turn) > CLEAR
    wrong = clear & (turn < 0)
    if clear.sum() < FACES or wrong.sum() < AGAINST * clear.sum():
        return []
    return describe(
        'sides-all', file, 'people have a face with left and right exchanged',
        people.records, wrong, 'in all of the file left and right seem to be '
        'exchanged, as in mirrored pictures: look at some (--sheet), and '
        'exchange the keypoints or turn the pictures back', WARNING)
