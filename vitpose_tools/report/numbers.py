# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""What a page says, as a dictionary that JSON can hold, and as text."""
import math
from typing import Any, Dict, List, Optional, Tuple

import numpy as np

from .errors import (DISAGREES, PCK_THRESHOLD, confidence_bins, disagreements,
                     longer_sides, nearest_label, pck, pixel_errors,
                     rank_correlation, separation, summarise,
                     unlabelled_but_sure, worst_people)
from .predictions import Predictions
from .run import coco_metrics, is_number

HISTOGRAM = 24  # bars, up to the 99th percentile


def count_up(people: Predictions, limit: int) -> Dict[str, Any]:
    """Compute all numbers of a page.

    Args:
        people: What a model says of labelled people.
        limit: Worst people, and disagreements, to list.

    Returns:
        Errors are in pixels of the image; None stands for what nothing was
        measured for.
    """
    sizes = longer_sides(people.boxes)
    # Nobody is sure of a place that is no number.
    scores = np.where(np.isfinite(people.keypoints).all(-1), people.scores,
                      np.nan)
    errors = pixel_errors(people.keypoints, people.labels, people.labelled)
    each, mean = pck(people.keypoints, people.labels, people.labelled, sizes)
    seen = np.where(people.labelled, scores, np.nan)
    missing = np.where(people.labelled, np.nan, scores)
    return clean(dict(
        people=len(people.files),
        images=len(set(people.paths)),
        labelled=int(people.labelled.sum()),
        missing=int((~people.labelled).sum()),
        without_prediction=int(
            (people.labelled & ~np.isfinite(errors)).sum()),
        box=float(np.median(sizes)),
        error=summarise(errors),
        pck=dict(threshold=PCK_THRESHOLD, mean=mean),
        metrics=people.metrics,
        keypoints=[
            dict(name=name, labelled=int(people.labelled[:, k].sum()),
                 error=summarise(errors[:, k]), pck=each[k],
                 confidence=summarise(seen[:, k])['median'],
                 missing=int((~people.labelled[:, k]).sum()),
                 missing_confidence=summarise(missing[:, k])['median'])
            for k, name in enumerate(people.names)],
        confidence=dict(
            labelled=summarise(seen)['median'],
            missing=summarise(missing)['median'],
            separation=separation(scores, people.labelled),
            rank_correlation=rank_correlation(scores, errors),
            bins=confidence_bins(scores, errors)),
        histogram=histogram(errors),
        worst=[describe_person(people, errors, sizes, person)
               for person in worst_people(errors, sizes, limit)],
        disagreements=[
            describe_keypoint(people, errors, person, k)
            for person, k in disagreements(scores, errors, sizes, limit)],
        disagrees_from=DISAGREES,
        unlabelled=[
            name_keypoint(people, person, k) for person, k in
            unlabelled_but_sure(scores, people.labelled, limit)]))


def name_person(people: Predictions, person: int) -> Dict[str, Any]:
    """Where a person is found; 'index' is for the pictures."""
    return dict(index=person, file=people.files[person],
                annotation=people.annotations[person])


def describe_person(people: Predictions, errors: np.ndarray,
                    sizes: np.ndarray, person: int) -> Dict[str, Any]:
    """How wrong a person is, and in what most."""
    mine = summarise(errors[person])
    worst = int(np.nanargmax(errors[person]))
    return dict(
        name_person(people, person),
        error=mine,
        part_of_box=mine['mean'] / sizes[person],
        worst_keypoint=people.names[worst],
        worst_error=errors[person, worst])


def name_keypoint(people: Predictions, person: int, k: int) -> Dict[str, Any]:
    """What the model says of a keypoint of a person."""
    return dict(
        name_person(people, person),
        keypoint=people.names[k],
        confidence=people.scores[person, k],
        prediction=people.keypoints[person, k])


def describe_keypoint(people: Predictions, errors: np.ndarray, person: int,
                      k: int) -> Dict[str, Any]:
    """How label and model disagree about a keypoint of a person."""
    nearest = nearest_label(people.keypoints[person, k],
                            people.labels[person], people.labelled[person])
    return dict(
        name_keypoint(people, person, k),
        label=people.labels[person, k],
        error=errors[person, k],
        usual_error=float(np.nanmedian(errors[:, k])),
        usual_confidence=summarise(
            people.scores[people.labelled[:, k], k])['median'],
        # Where two labels are swapped, the model points at the other.
        nearest_label=None if nearest == k else people.names[nearest])


def histogram(errors: np.ndarray) -> Dict[str, Any]:
    """Counts of errors in equal steps up to the 99th percentile, and how
    many are beyond."""
    known = errors[np.isfinite(errors)]
    if not known.size:
        return dict(edges=[], counts=[], beyond=0)
    end = max(float(np.percentile(known, 99)), 1.)
    counts, edges = np.histogram(known, HISTOGRAM, (0., end))
    return dict(edges=edges, counts=counts, beyond=int((known > end).sum()))


def clean(value: Any) -> Any:
    """The same with plain numbers, and None for what is not finite."""
    if isinstance(value, dict):
        return {key: clean(part) for key, part in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [clean(part) for part in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def error_table(numbers: Dict[str, Any]) -> str:
    """Lay the errors of a page out for a terminal.

    Args:
        numbers: What count_up returns, or page.json holds.

    Returns:
        Lines: one of each keypoint, one of all, and the metrics.
    """
    threshold = numbers['pck']['threshold']
    heading = ['keypoint', 'labelled', 'mean px', 'median', '95 %',
               f'PCK@{threshold:g}', 'confidence', 'missing', 'confidence']
    rows = [heading, *table_rows(numbers)]
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = ['  '.join(
        cell.rjust(width) if index else cell.ljust(width)
        for index, (cell, width) in enumerate(zip(row, widths))).rstrip()
        for row in rows]
    metrics = ', '.join(f'{name} {fixed(number, 3)}' for name, number in
                        main_metrics(numbers['metrics']))
    return '\n'.join([*lines, *([metrics] if metrics else [])])


def main_metrics(metrics: Dict[str, Any]) -> List[Tuple[str, float]]:
    """COCO's AP, AP50 and AP75 where there are all; else the first few."""
    return list(coco_metrics(metrics).items()) or [
        (name, number) for name, number in metrics.items()
        if is_number(number)][:4]


def table_rows(numbers: Dict[str, Any]) -> List[List[str]]:
    """Cells of the table of keypoints; the last row is of all."""
    rows = [
        [row['name'], str(row['labelled']), *errors_of(row['error']),
         fixed(row['pck'], 3), fixed(row['confidence'], 2),
         str(row['missing']), fixed(row['missing_confidence'], 2)]
        for row in numbers['keypoints']]
    confidence = numbers['confidence']
    return [*rows, [
        'all', str(numbers['labelled']), *errors_of(numbers['error']),
        fixed(numbers['pck']['mean'], 3), fixed(confidence['labelled'], 2),
        str(numbers['missing']), fixed(confidence['missing'], 2)]]


def errors_of(error: Dict[str, Any]) -> List[str]:
    return [fixed(error[key], 1) for key in ('mean', 'median', 'p95')]


def fixed(number: Optional[float], digits: int) -> str:
    """A number, a dash for none."""
    return '-' if number is None else f'{number:.{digits}f}'
