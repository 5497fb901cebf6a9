# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Which frames of a video a model is in doubt about: pure functions.

T frames, K keypoints. A deviation is measured in robust standard deviations
of its own keypoint, so that one that is always doubtful, or always moves,
does not choose all frames.
"""
from dataclasses import dataclass
from typing import List

import numpy as np

# Of a normal distribution, the standard deviation over the median absolute
# deviation.
NORMAL = 1.4826
# No single keypoint counts for more; an unknown value counts this much.
MOST = 10.
# Deviations below these are nothing, however still a video is: of the
# confidence, and of a step, as a part of the box's longer side.
STILL_SCORE, STILL_STEP = 0.02, 0.01


@dataclass(frozen=True)
class Doubts:
    """How unusual each keypoint of each frame is.

    Args:
        confidence: How far the confidence is below its median, (T, K).
        jump: How far the larger step from the frame before or to the frame
            after is above its median, (T, K).
        steps: That step, as a part of the box's longer side, (T, K).
    """

    confidence: np.ndarray
    jump: np.ndarray
    steps: np.ndarray

    @property
    def total(self) -> np.ndarray:
        """What frames are chosen by, (T, ): the sum of both, each the mean
        over the keypoints and scaled so that it is 1 in the mean of the
        video. Jumps are rarer and larger; unscaled, they alone would
        choose."""
        kinds = [kind.mean(1) for kind in (self.confidence, self.jump)]
        return sum(kind / max(kind.mean(), 1e-6) for kind in kinds)


def find_doubts(keypoints: np.ndarray, scores: np.ndarray,
                sizes: np.ndarray) -> Doubts:
    """Measure how unusual the predictions of each frame are.

    Args:
        keypoints: x, y in pixels of the frame, shape (T, K, 2).
        scores: Confidence, shape (T, K).
        sizes: Longer sides of the boxes in pixels, shape (T, ).
    """
    steps = largest_steps(keypoints) / sizes[:, None]
    return Doubts(
        confidence=deviations(-scores, STILL_SCORE),
        jump=deviations(steps, STILL_STEP),
        steps=steps)


def largest_steps(keypoints: np.ndarray) -> np.ndarray:
    """The larger of the distances to the frame before and after, (T, K).

    At a jump nothing says which side is wrong, so both sides have it.
    """
    steps = np.linalg.norm(np.diff(keypoints, axis=0), axis=-1)
    none = np.zeros((1, keypoints.shape[1]))
    return np.maximum(np.concatenate([none, steps]),
                      np.concatenate([steps, none]))


def deviations(values: np.ndarray, still: float) -> np.ndarray:
    """How far values are above the median of their column.

    Args:
        values: Shape (T, K); what is not finite counts as MOST.
        still: The least that counts as one standard deviation.

    Returns:
        In robust standard deviations, 0 to MOST, shape (T, K).
    """
    known = np.isfinite(values)
    result = np.full(values.shape, MOST)
    for column, is_known, out in zip(values.T, known.T, result.T):
        if is_known.any():
            own = column[is_known]
            above = own - np.median(own)
            scale = max(NORMAL * np.median(np.abs(above)), still)
            out[is_known] = np.clip(above / scale, 0., MOST)
    return result


def pick_apart(total: np.ndarray, count: int, apart: int) -> List[int]:
    """The frames with most doubt, at least so many frames apart.

    Args:
        total: Doubt of each frame, shape (T, ).
        count: How many to pick; fewer if there is no more room.
        apart: The least difference of two picked indices.

    Returns:
        Indices, the largest doubt first.
    """
    free = np.ones(len(total), dtype=bool)
    picked: List[int] = []
    for index in np.argsort(-total, kind='stable'):
        if len(picked) == count:
            break
        if free[index]:
            picked.append(int(index))
            free[max(0, index - apart + 1):index + apart] = False
    return picked


def default_apart(num_frames: int, count: int) -> int:
    """A distance that leaves room for all: half of an even spacing."""
    return max(1, num_frames // (2 * count))
