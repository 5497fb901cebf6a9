# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import math
from collections import Counter
from typing import Any, Hashable, List, Sequence

import numpy as np

from .finding import ERROR, WARNING, Example, Finding, describe
from .image_sizes import CUT, lost_area
from .people import is_number, read_box

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
    findings = describe(
        'detection-box', file,
        "detections have a 'bbox' that is not four numbers", detections,
        [math.isnan(box[0]) for box in boxes_of(detections)],
        'write x, y, w, h in pixels') + describe(
        'detection-score', file,
        "detections have a 'score' that is no number", detections,
        [not is_number(entry['score']) for entry in detections],
        'people are ranked by it; write a number')
    if findings:
        return findings
    findings = check_images(detections, content, file, ann_file)
    if any(finding.refused for finding in findings):
        return findings
    return findings + check_boxes(detections, content['images'], file)


def boxes_of(detections: List[dict]) -> List[Sequence[float]]:
    """x, y, w, h of each detection, NaN where there is no such box. MMPose
    reads the first four numbers."""
    boxes = [entry['bbox'] for entry in detections]
    return [read_box(box[:4] if isinstance(box, list) else box)
            for box in boxes]


def check_images(detections: List[dict], content: dict, file: str,
                 ann_file: str) -> List[Finding]:
    """Check that detections and people are in the same images."""
    known = {image['id'] for image in content['images']}
    findings = describe(
        'detection-image', file,
        f'detections are of an image that {ann_file} lacks', detections,
        [not isinstance(entry['image_id'], Hashable)
         or entry['image_id'] not in known for entry in detections],
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


def check_boxes(detections: List[dict], images: List[dict],
                file: str) -> List[Finding]:
    """Check categories and boxes of detections."""
    numbers = [entry['category_id'] if isinstance(
        entry['category_id'], Hashable) else None for entry in detections]
    others = [number != 1 for number in numbers]
    findings = describe(
        'detection-category', file,
        'detections are of a category other than 1 '
        f'({dict(Counter(numbers).most_common(5))})', detections, others,
        'MMPose drops them; write 1 for what has keypoints',
        severity=ERROR if all(others) else WARNING)
    boxes = np.array(boxes_of(detections), dtype=float)
    findings += check_places(detections, boxes, images, file)
    return findings + describe(
        'detection-empty', file,
        "detections have a 'bbox' without width or height", detections,
        (boxes[:, 2:] <= 0).any(1), 'boxes are x, y, w, h, not two corners',
        severity=WARNING)


def check_places(detections: List[dict], boxes: np.ndarray,
                 images: List[dict], file: str) -> List[Finding]:
    """Check that boxes are in pixels of their images.

    Args:
        detections: All of the file, each of an image that is known.
        boxes: Theirs, x, y, w, h, (N, 4).
        images: Records of the images.
        file: Path of the detection file.
    """
    if boxes.max() <= 1:
        return [
            Finding('detection-share', file, "detections have a 'bbox' "
                    'between 0 and 1, as shares of the image', 'multiply x '
                    'and w by its width, y and h by its height',
                    count=len(boxes), total=len(boxes))
        ]
    sizes = {image['id']: (image['width'], image['height'])
             for image in images}
    of_box = np.array([sizes[entry['image_id']] for entry in detections],
                      dtype=float)
    out = (boxes[:, 2:] > 0).all(1) & (lost_area(boxes, of_box) > CUT)
    return describe(
        'detection-outside', file,
        "detections have a 'bbox' that reaches beyond the image by more than "
        f'{CUT:.0%} of its area', detections, out,
        'boxes are x, y, w, h in pixels of the image, not two corners',
        ERROR if out.sum() > len(out) / 2 else WARNING)
