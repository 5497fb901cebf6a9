# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from collections import Counter
from typing import List

import numpy as np

from .finding import ERROR, FEW, WARNING, Finding, describe
from .people import People


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


def check_areas(people: People, file: str,
                severity: str = ERROR) -> List[Finding]:
    """Check ``area``, by which OKS divides squared distances.

    Args:
        people: Annotations with keypoints.
        file: Path of the annotation file, for the messages.
        severity: Of areas that are absent; a metric may do without them.
    """
    counted = people.counted
    areas = [ann.get('area') for ann in people.records]
    absent = np.array([area is None for area in areas], dtype=bool)
    findings = describe(
        'area-missing', file,
        "people have no 'area'", people.records, absent,
        'the metric divides by it; add it, or set use_area=False in '
        'val_evaluator and test_evaluator to use a share of the box',
        severity)
    wrong = counted & ~absent & np.array(
        [not isinstance(area, (int, float)) or not area > 0
         for area in areas], dtype=bool)
    share = wrong.sum() / max(1, counted.sum())
    return findings + describe(
        'area', file,
        "people have an 'area' that is not positive", people.records,
        wrong, 'every prediction for them counts as wrong; write the area of '
        'the person in square pixels, or set use_area=False in val_evaluator '
        'and test_evaluator to use a share of the box',
        severity=ERROR if share > FEW else WARNING)


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
