# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from collections import Counter
from typing import Any, List

import numpy as np

from .finding import ERROR, WARNING, Example, Finding, describe
from .people import read_box

FIELDS = ('image_id', 'category_id', 'bbox', 'score')
# Detectors overlook people, but hardly in so many images.
EMPTY = 0.1


def check_detections(detections: Any, content: dict, file: str,
                     ann_file: str) -> List[Finding]:
    """Check that a detection file belongs to an annotation file.

    Args:
        detections: What the detection file holds.
        content: What the annotation file holds, COCO-style.
        file: Path of the detection file.
        ann_file: Path of the annotation file.
    """
    if not isinstance(detections, list) or not all(
            isinstance(entry, dict) for entry in detections):
        return [Finding('detections-form', file, 'a bbox_file is a list of '
                        f'detections, each with {", ".join(FIELDS)}')]
    if not detections:
        return [Finding('detections-none', file, 'the bbox_file has no '
                        'detection', 'set bbox_file=None to test on '
                        'annotated boxes')]
    findings = []
    for field in FIELDS:
        findings += describe(
            f'detection-without-{field.replace("_", "-")}', file,
            f"detections have no '{field}'", detections,
            [field not in entry for entry in detections], 'add it')
    if findings:
        return findings
    return findings + check_images(detections, content, file, ann_file) + \
        check_boxes(detections, file)


def check_images(detections: List[dict], content: dict, file: str,
                 ann_file: str) -> List[Finding]:
    """Check that detections and people are in the same images."""
    known = {image['id'] for image in content['images']}
    findings = describe(
        'detection-image', file,
        f'detections are of an image that {ann_file} lacks', detections,
        [entry['image_id'] not in known for entry in detections],
        'the bbox_file is of other images, such as COCO\'s; name the one of '
        'these, or set bbox_file=None (val_dataloader.dataset.bbox_file=None '
        'test_dataloader.dataset.bbox_file=None) to test on annotated boxes')
    if findings:
        return findings
    peopled = {ann['image_id'] for ann in content['annotations']
               if any(ann.get('keypoints') or ())}
    empty = peopled - {entry['image_id'] for entry in detections
                       if entry['category_id'] == 1}
    if len(empty) > EMPTY * len(peopled):
        findings.append(
            Finding('detection-lacks', file, 'images with annotated people '
                    'have no detection of category 1', 'nobody is looked for '
                    'there', WARNING, len(empty), len(peopled),
                    (Example(0, min(empty)), )))
    return findings


def check_boxes(detections: List[dict], file: str) -> List[Finding]:
    """Check categories and boxes of detections."""
    numbers = [entry['category_id'] for entry in detections]
    others = [number != 1 for number in numbers]
    findings = describe(
        'detection-category', file,
        'detections are of a category other than 1 '
        f'({dict(Counter(numbers).most_common(5))})', detections, others,
        'MMPose drops them; write 1 for what has keypoints',
        severity=ERROR if all(others) else WARNING)
    boxes = np.array([read_box(entry['bbox'][:4]) for entry in detections])
    findings += describe(
        'detection-box', file,
        "detections have a 'bbox' that is not four numbers", detections,
        np.isnan(boxes).any(1), 'write x, y, w, h in pixels')
    return findings + describe(
        'detection-empty', file,
        "detections have a 'bbox' without width or height", detections,
        (boxes[:, 2:] <= 0).any(1), 'boxes are x, y, w, h, not two corners',
        severity=WARNING)
