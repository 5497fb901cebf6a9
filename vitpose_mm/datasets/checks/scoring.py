# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from collections import Counter
from typing import Any, List

import numpy as np

from .finding import ERROR, FEW, WARNING, Finding, describe
from .people import People, is_number

# Area over that of the box: boxes may be tight around keypoints, masks thin.
LARGEST, SMALLEST = 4., 0.01


def check_scored(content: dict, people: People, file: str, use_area: bool,
                 of_crowds: bool, category: bool) -> List[Finding]:
    """Check what CocoMetric reads of the ground truth.

    Args:
        content: What the annotation file holds.
        people: Its annotations with keypoints.
        file: Its path, for the messages.
        use_area: Whether the metric divides distances by ``area``.
        of_crowds: Whether it is CrowdPose's, which groups images by crowds.
        category: Whether a prediction carries its annotation's category; one
            for a detection or a whole image counts as category 1.
    """
    counted = people.counted
    records = people.records
    findings = check_categories(content, people, file, category)
    findings += check_match_ids(people, file)
    if use_area:
        findings += check_areas(people, file)
    if of_crowds:
        findings += describe(
            'crowd-index', file,
            "images have no 'crowdIndex'", content['images'],
            ['crowdIndex' not in image for image in content['images']],
            "the metric groups images by it; or use iou_type='keypoints'")
        findings += describe(
            'num-keypoints-missing', file,
            "people have no 'num_keypoints'", records,
            np.array(['num_keypoints' not in ann for ann in records],
                     dtype=bool),
            "the metric of crowds reads it; or use iou_type='keypoints'")
    if not counted.any():
        findings.append(
            Finding('nobody', file,
                    'nobody has a labelled keypoint (v > 0), so there is '
                    'nothing to measure on'))
    return findings


def check_match_ids(people: People, file: str) -> List[Finding]:
    """Check ids, by which the metric notes who was found."""
    ids = np.array([ann['id'] for ann in people.records])
    return describe(
        'id-negative', file, "people have a negative 'id'", people.records,
        ids < 0, 'no prediction for them counts as right; number people from '
        '1') + describe(
        'id-zero', file, "people have the 'id' 0", people.records, ids == 0,
        "COCO's own evaluation takes 0 for not found and counts them as "
        'missed; number people from 1', WARNING)


def areas_of(people: People) -> List[Any]:
    """What annotations say as ``area``, None without."""
    return [ann.get('area') for ann in people.records]


def without_area(people: People) -> np.ndarray:
    """Which people have an ``area`` that is none, bool."""
    return np.array([
        area is not None and (not is_number(area) or area <= 0)
        for area in areas_of(people)
    ], dtype=bool)


def check_learnt_areas(people: People, file: str) -> List[Finding]:
    """Check ``area`` where a training divides distances by it. Absent ones
    are taken from the box."""
    return describe(
        'area-learnt', file,
        "people have an 'area' that is not positive or no number",
        people.records, people.counted & without_area(people),
        'QueryPoseHead learns distances in units of it; write the area of '
        "the person in square pixels, or leave out 'area'")


def check_areas(people: People, file: str,
                severity: str = ERROR) -> List[Finding]:
    """Check ``area``, by which OKS divides squared distances.

    Args:
        people: Annotations with keypoints.
        file: Path of the annotation file, for the messages.
        severity: Of areas that are absent; a metric may do without them.
    """
    counted = people.counted
    areas = areas_of(people)
    absent = np.array([area is None for area in areas], dtype=bool)
    findings = describe(
        'area-missing', file,
        "people have no 'area'", people.records, absent,
        'the metric divides by it; add it, or set use_area=False in '
        'val_evaluator and test_evaluator to use a share of the box',
        severity)
    wrong = counted & without_area(people)
    share = wrong.sum() / max(1, counted.sum())
    findings += check_area_sizes(people, counted & ~absent & ~wrong, file)
    return findings + describe(
        'area', file,
        "people have an 'area' that is not positive or no number",
        people.records, wrong, 'predictions for them count as wrong, or all '
        'as right; write the area of the person in square pixels, or set '
        'use_area=False in val_evaluator and test_evaluator to use a share '
        'of the box',
        severity=ERROR if share > FEW else WARNING)


def check_area_sizes(people: People, known: np.ndarray,
                     file: str) -> List[Finding]:
    """Check areas against boxes, which hold the person.

    Args:
        people: Annotations with keypoints.
        known: Which of them have an area, (P, ).
        file: Path of the annotation file, for the messages.
    """
    areas = np.array([float(ann['area']) if has else np.nan
                      for ann, has in zip(people.records, known)])
    with np.errstate(invalid='ignore', divide='ignore'):
        ratio = areas / people.boxes[:, 2:].prod(1)
    findings = []
    for kind, odd, words in (
            ('area-large', ratio > LARGEST, f'more than {LARGEST:g} times '
             'as large as their box'),
            ('area-small', ratio < SMALLEST, 'less than a hundredth of '
             'their box')):
        odd &= (people.boxes[:, 2:] > 0).all(1)
        findings += describe(
            kind, file, f"people have an 'area' that is {words}",
            people.records, odd, 'the metric compares distances with it: '
            'write the area of the person in square pixels, or set '
            'use_area=False in val_evaluator and test_evaluator',
            ERROR if odd.sum() > known.sum() / 2 else WARNING)
    return findings


def check_categories(content: dict, people: People, file: str,
                     category: bool) -> List[Finding]:
    """Check that predictions and people meet in a category."""
    named = {entry.get('id') for entry in content.get('categories', ())}
    own = np.array([ann['category_id'] for ann in people.records])
    findings = describe(
        'category-unknown', file,
        "people have a 'category_id' that is not in 'categories'",
        people.records, [number not in named for number in own],
        'the metric looks at the listed categories alone; list it')
    if not category:
        counts = Counter(own.tolist())
        findings += describe(
            'category-not-one', file,
            f'people have a category_id other than 1 ({dict(counts)})',
            people.records, own != 1,
            'predictions for detections or whole images count as category 1 '
            'and would miss them all; write 1, or test on annotated boxes '
            '(bbox_file=None)')
    return findings
