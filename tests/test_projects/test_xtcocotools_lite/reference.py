# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""COCO's average precision and recall in float64, one pair at a time."""
import math
from typing import Callable, List, Sequence, Tuple

THRESHOLDS = [.5 + .05 * step for step in range(10)]


def similarity(truth: dict, found: dict, parts: Sequence[str],
               sigmas: Sequence[float], area: float) -> float:
    """Object keypoint similarity of a result with an annotation."""
    points, guesses = ([value for part in parts for value in entry[part]]
                       for entry in (truth, found))
    left, top, width, height = truth['bbox']
    terms = []
    labelled = any(v > 0 for v in points[2::3])
    for index, sigma in enumerate(sigmas):
        x, y, visible = points[3 * index:3 * index + 3]
        dx, dy = guesses[3 * index] - x, guesses[3 * index + 1] - y
        if not labelled:
            dx = max(left - width - guesses[3 * index], 0,
                     guesses[3 * index] - left - 2 * width)
            dy = max(top - height - guesses[3 * index + 1], 0,
                     guesses[3 * index + 1] - top - 2 * height)
        if visible > 0 or not labelled:
            terms.append(math.exp(
                -(dx * dx + dy * dy) / (2 * area * (2 * float(sigma))**2)))
    return sum(terms) / len(terms)


def average_precision(annotations: List[dict], results: List[dict],
                      parts: Sequence[str], sigmas: Sequence[float],
                      area: Callable[[dict], float],
                      counts: Callable[[dict], bool]) -> Tuple[float, float]:
    """AP and AR over ten thresholds, of one category without crowds.

    Args:
        annotations: Of all images.
        results: At most 20 per image.
        parts: Keys of the keypoints.
        sigmas: Per keypoint.
        area: Of an annotation.
        counts: Whether an annotation does, or only excuses a result.
    """
    results = sorted(results, key=lambda found: -found['score'])
    pairs = [[(similarity(truth, found, parts, sigmas, area(truth)), index)
              for index, truth in enumerate(annotations)
              if truth['image_id'] == found['image_id']]
             for found in results]
    total = sum(map(counts, annotations))
    precisions, recalls = [], []
    for threshold in THRESHOLDS:
        taken, hits, misses, curve = set(), 0, 0, []
        for candidates in pairs:
            free = [(counts(annotations[index]), score, index)
                    for score, index in candidates
                    if score >= threshold and index not in taken]
            counted, _, index = max(free, default=(True, 0, None))
            taken.add(index)
            hits += counted and index is not None
            misses += index is None
            if counted:
                curve.append((hits / total, hits / (hits + misses)))
        recalls.append(hits / total)
        for step in range(101):
            reached = [precision for recall, precision in curve
                       if recall >= step / 100]
            precisions.append(max(reached, default=0))
    return sum(precisions) / len(precisions), sum(recalls) / len(recalls)
