# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Dict, NamedTuple, Optional

import numpy as np

from .coco import COCO

# From where on CrowdPose calls an image medium and hard.
MEDIUM, HARD = 0.2, 0.8


class Figure(NamedTuple):
    """One number of a summary.

    Attributes:
        precision: Average precision, else average recall.
        threshold: Of the overlap; None averages over all.
        area: Label of the range of areas.
        max_dets: Detections per image.
    """

    precision: bool
    threshold: Optional[float] = None
    area: str = 'all'
    max_dets: int = 20


KEYPOINT_FIGURES = [
    Figure(precision, **options) for precision in (True, False)
    for options in (dict(), dict(threshold=.5), dict(threshold=.75),
                    dict(area='medium'), dict(area='large'))
]
CROWD_FIGURES = [
    figure for figure in KEYPOINT_FIGURES if figure.area == 'all'
]


def box_figures(max_dets: list) -> list:
    """Figures of boxes and masks: AP for the most detections, AR by number.

    The first is for 100 detections, whatever the three numbers are.
    """
    few, some, most = max_dets[:3]
    return [
        Figure(True, max_dets=100),
        Figure(True, threshold=.5, max_dets=most),
        Figure(True, threshold=.75, max_dets=most),
        *(Figure(True, area=area, max_dets=most)
          for area in ('small', 'medium', 'large')),
        *(Figure(False, max_dets=number) for number in (few, some, most)),
        *(Figure(False, area=area, max_dets=most)
          for area in ('small', 'medium', 'large')),
    ]


def mean_of(figure: Figure, evaluation: dict) -> float:
    """Mean over what a figure selects, -1 where nothing is labelled.

    Args:
        figure: What is asked for.
        evaluation: As COCOeval.accumulate leaves it: ``precision``
            (T, R, K, A, M), ``recall`` (T, K, A, M) and ``params``.
    """
    params = evaluation['params']
    values = evaluation['precision' if figure.precision else 'recall']
    if figure.threshold is not None:
        values = values[figure.threshold == params.iouThrs]
    areas = [label == figure.area for label in params.areaRngLbl]
    numbers = [number == figure.max_dets for number in params.maxDets]
    values = values[..., areas, :][..., numbers]
    values = values[values > -1]
    return float(np.mean(values)) if len(values) else -1.


def line(figure: Figure, value: float, thresholds: np.ndarray) -> str:
    """The figure as COCO prints it."""
    title, short = (('Average Precision', '(AP)') if figure.precision else
                    ('Average Recall', '(AR)'))
    low, high = thresholds[0], thresholds[-1]
    overlap = (f'{low:0.2f}:{high:0.2f}'
               if figure.threshold is None else f'{figure.threshold:0.2f}')
    return (f' {title:<18} {short} @[ IoU={overlap:<9} | area='
            f'{figure.area:>6s} | maxDets={figure.max_dets:>3d} ] = '
            f'{value: 0.3f}')


def crowd_line(kind: str, value: float, thresholds: np.ndarray) -> str:
    """AP of easy, medium or hard images as CrowdPose prints it."""
    return (f' Average Precision  (AP) @[ IoU={thresholds[0]:0.2f}:'
            f'{thresholds[-1]:0.2f} | type={kind:>6s} | maxDets= 20 ] = '
            f'{value:0.3f}')


def by_crowding(coco: COCO) -> Dict[str, list]:
    """Ids of the easy, medium and hard images of CrowdPose.

    Raises:
        ValueError: If an image has no ``crowdIndex``.
    """
    images = dict(easy=[], medium=[], hard=[])
    for image in coco.dataset['images']:
        if 'crowdIndex' not in image:
            raise ValueError(
                f'image {image["id"]} of {coco.name} has no crowdIndex, '
                'which iouType \'keypoints_crowd\' needs')
        index = image['crowdIndex']
        kind = ('easy' if index < MEDIUM else
                'medium' if index < HARD else 'hard')
        images[kind].append(image['id'])
    return images
