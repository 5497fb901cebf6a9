# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Numbers about predictions beside labels: pure functions of arrays.

P people, K keypoints, all in pixels of the image. A number that nothing was
measured for is NaN.
"""
from typing import Dict, List

import numpy as np
from mmpose.evaluation.functional import keypoint_pck_accuracy
from scipy.stats import rankdata

# PCK: a keypoint is right within this part of the box's longer side. The
# default of MMPose's PCKAccuracy.
PCK_THRESHOLD = 0.05
BINS = 5  # of confidence, with as many keypoints each
# Confidence from which a prediction is drawn where no label stands beside it,
# and below which a model is never called sure.
SURE = 0.2
# A prediction disagrees with its label from so many times the median error
# of its keypoint on.
DISAGREES = 3.


def pixel_errors(keypoints: np.ndarray, labels: np.ndarray,
                 labelled: np.ndarray) -> np.ndarray:
    """Distances of predictions to labels.

    Args:
        keypoints: Predicted x, y, shape (P, K, 2).
        labels: Labelled x, y, shape (P, K, 2).
        labelled: Which labels exist, shape (P, K).

    Returns:
        In pixels, shape (P, K); NaN without a label or where the prediction
        is no number.
    """
    distances = np.linalg.norm(
        np.asarray(keypoints, float) - np.asarray(labels, float), axis=-1)
    return np.where(labelled & np.isfinite(distances), distances, np.nan)


def longer_sides(boxes: np.ndarray) -> np.ndarray:
    """Longer sides of boxes x1, y1, x2, y2 of shape (P, 4), at least 1."""
    return np.maximum((boxes[:, 2:] - boxes[:, :2]).max(1), 1.)


def summarise(errors: np.ndarray) -> Dict[str, float]:
    """Mean, median and 95th percentile of errors of any shape, and how many
    there are; NaN is not counted."""
    known = errors[np.isfinite(errors)]
    if not known.size:
        return dict(count=0, mean=np.nan, median=np.nan, p95=np.nan)
    return dict(
        count=int(known.size),
        mean=float(known.mean()),
        median=float(np.median(known)),
        p95=float(np.percentile(known, 95)))


def pck(keypoints: np.ndarray, labels: np.ndarray, labelled: np.ndarray,
        sizes: np.ndarray, threshold: float = PCK_THRESHOLD) -> tuple:
    """Parts of the labelled keypoints that are right, by MMPose.

    Args:
        keypoints, labels, labelled: As for pixel_errors.
        sizes: Longer sides of the boxes, shape (P, ).
        threshold: A prediction is right nearer than this part of them. One
            that is no number is wrong.

    Returns:
        Of each keypoint, shape (K, ), and their mean, as PCKAccuracy takes
        it; NaN without labels.
    """
    each, mean, count = keypoint_pck_accuracy(
        np.where(np.isfinite(keypoints), keypoints, np.inf),
        np.where(labelled[..., None], labels, 0.), labelled, threshold,
        np.repeat(sizes[:, None], 2, axis=1))
    return np.where(each < 0, np.nan, each), mean if count else np.nan


def rank_correlation(scores: np.ndarray, errors: np.ndarray) -> float:
    """Spearman's, over what both have; -1 if confidence orders all errors.
    NaN below three values, or if all of one are equal."""
    both = np.isfinite(scores) & np.isfinite(errors)
    ranks = [rankdata(values[both]) for values in (scores, errors)]
    if both.sum() < 3 or any(np.ptp(rank) == 0 for rank in ranks):
        return float('nan')
    return float(np.corrcoef(*ranks)[0, 1])


def confidence_bins(scores: np.ndarray, errors: np.ndarray,
                    bins: int = BINS) -> List[dict]:
    """Errors of the least to the most confident keypoints, as many in each
    bin, at most ``bins`` of them.

    Returns:
        Of each: lowest and highest confidence, and what summarise gives.
    """
    both = np.isfinite(scores) & np.isfinite(errors)
    scores, errors = scores[both], errors[both]
    order = np.argsort(scores, kind='stable')
    return [
        dict(lowest=float(scores[part[0]]), highest=float(scores[part[-1]]),
             **summarise(errors[part]))
        for part in np.array_split(order, bins) if len(part)]


def separation(scores: np.ndarray, labelled: np.ndarray) -> float:
    """Probability that a labelled keypoint has more confidence than one that
    is not: the area under the ROC curve. 0.5 says that confidence does not
    tell them apart; NaN if there are not both."""
    known = np.isfinite(scores)
    scores, labelled = scores[known], labelled[known]
    yes, no = int(labelled.sum()), int((~labelled).sum())
    if not yes or not no:
        return float('nan')
    rank_sum = rankdata(scores)[labelled].sum()
    return float((rank_sum - yes * (yes + 1) / 2) / (yes * no))


def worst_people(errors: np.ndarray, sizes: np.ndarray,
                 limit: int) -> List[int]:
    """People by their mean error over the size of their box, largest first;
    those without a known error are left out."""
    known = np.isfinite(errors)
    counts = known.sum(1)
    means = np.where(known, errors, 0.).sum(1) / np.maximum(counts, 1) / sizes
    order = np.argsort(-means, kind='stable')
    return [int(person) for person in order if counts[person]][:limit]


def confident(scores: np.ndarray, labelled: np.ndarray) -> np.ndarray:
    """Where a model is sure: at least SURE, and at least the median confidence
    that it has for this keypoint where it is labelled.

    Returns:
        Shape (P, K).
    """
    usual = column_medians(np.where(labelled, scores, np.nan))
    return (scores >= usual) & (scores >= SURE)


def disagreements(scores: np.ndarray, errors: np.ndarray, sizes: np.ndarray,
                  limit: int) -> List[tuple]:
    """Keypoints where the model is sure and far from the label.

    Far is at least DISAGREES times the median error of the keypoint. The
    farthest, measured by the size of the box, come first.

    Returns:
        At most ``limit`` of (person, keypoint).
    """
    known = np.isfinite(errors)
    found = known & confident(scores, known) & (
        errors >= DISAGREES * column_medians(errors)) & (errors > 0)
    people, columns = np.nonzero(found)
    order = np.argsort(-(errors / sizes[:, None])[found], kind='stable')
    return [(int(people[i]), int(columns[i])) for i in order[:limit]]


def unlabelled_but_sure(scores: np.ndarray, labelled: np.ndarray,
                        limit: int) -> List[tuple]:
    """Keypoints without a label where the model is sure, the surest first.

    Returns:
        At most ``limit`` of (person, keypoint).
    """
    found = ~labelled & confident(scores, labelled)
    people, columns = np.nonzero(found)
    order = np.argsort(-scores[found], kind='stable')
    return [(int(people[i]), int(columns[i])) for i in order[:limit]]


def nearest_label(point: np.ndarray, labels: np.ndarray,
                  labelled: np.ndarray) -> int:
    """Which label of a person, (K, 2), is nearest to a point (x, y)."""
    distances = np.linalg.norm(labels - point, axis=1)
    return int(np.argmin(np.where(labelled, distances, np.inf)))


def column_medians(values: np.ndarray) -> np.ndarray:
    """Medians of the finite values of each column, NaN without one."""
    return np.array([
        np.median(column[np.isfinite(column)])
        if np.isfinite(column).any() else np.nan for column in values.T])
