# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from collections import Counter
from pathlib import Path
from typing import Callable, List, Optional, Tuple

from PIL import ExifTags, Image

from .fields import are_numbers, check_fields
from .json_file import AnnotationError

# Of AI Challenger's file, in its order.
KEYPOINTS = (
    'right_shoulder', 'right_elbow', 'right_wrist', 'left_shoulder',
    'left_elbow', 'left_wrist', 'right_hip', 'right_knee', 'right_ankle',
    'left_hip', 'left_knee', 'left_ankle', 'head_top', 'neck')
RECORD = dict(image_id=(str, int), keypoint_annotations=(dict, ),
              human_annotations=(dict, ))
# Theirs: visible, not visible, not in the image or not to be guessed.
COCO_VISIBILITY = {1: 2, 2: 1, 3: 0}


def convert_aic(
    records: List[dict],
    images: Path,
    on_image: Callable[[], None] = lambda: None,
) -> Tuple[dict, Counter]:
    """Convert AI Challenger's keypoint annotations to COCO form.

    Ids count from 1 in the order of the file.

    Args:
        records: Content of ``keypoint_*_annotations_*.json``.
        images: Folder of its images, which tell their sizes.
        on_image: Called after each record.

    Returns:
        The COCO dict, and what was left out: text to number.

    Raises:
        AnnotationError: If the content has another form, or no image is
            there.
    """
    coco = dict(
        info=dict(description='AI Challenger keypoints in COCO form'),
        licenses=[],
        images=[],
        annotations=[],
        categories=[
            dict(id=1, name='person', supercategory='person',
                 keypoints=list(KEYPOINTS))
        ])
    left_out = Counter()
    seen = set()
    for index, record in enumerate(records):
        check_fields(record, f'record {index}', RECORD)
        name = f'{record["image_id"]}.jpg'
        people = record['keypoint_annotations']
        boxes = record['human_annotations']
        on_image()
        if name in seen:
            left_out['records of an image that came before'] += 1
            continue
        seen.add(name)
        size = image_size(images / name)
        if size is None:
            left_out['images missing or unreadable'] += 1
            left_out['people on them'] += len(people)
            continue
        width, height = size
        coco['images'].append(
            dict(id=len(coco['images']) + 1, file_name=name, width=width,
                 height=height))
        for human, points in people.items():
            person = convert_person(points, boxes.get(human))
            if person is None:
                left_out['people without a box or 14 keypoints'] += 1
                continue
            if not person['num_keypoints']:
                left_out['people without a labelled keypoint'] += 1
                continue
            coco['annotations'].append(
                dict(person, id=len(coco['annotations']) + 1,
                     image_id=len(coco['images']), category_id=1, iscrowd=0))
    if not coco['images']:
        raise AnnotationError(f'none of the {len(records)} images is in '
                              f'{images}; name their folder with --images')
    if not coco['annotations'] and left_out[
            'people without a box or 14 keypoints']:
        raise AnnotationError('nobody has a box and 14 keypoints; is it the '
                              'published annotation file?')
    return coco, left_out


def convert_person(points: object, box: object) -> Optional[dict]:
    """Convert one person.

    Args:
        points: x, y and AI Challenger's visibility of 14 keypoints, or
            whatever the file has there.
        box: x1, y1, x2, y2, likewise.

    Returns:
        keypoints, num_keypoints and bbox (x, y, w, h) in COCO form; None if
        the person is not annotated so.
    """
    if not are_numbers(box, 4) or not are_numbers(
            points, 3 * len(KEYPOINTS)):
        return None
    x1, y1, x2, y2 = box
    if x2 <= x1 or y2 <= y1:
        return None
    keypoints = []
    for x, y, flag in zip(points[::3], points[1::3], points[2::3]):
        flag = COCO_VISIBILITY.get(flag, 0)
        keypoints += [x, y, flag] if flag else [0, 0, 0]
    return dict(
        keypoints=keypoints,
        num_keypoints=sum(flag > 0 for flag in keypoints[2::3]),
        bbox=[x1, y1, x2 - x1, y2 - y1])


def image_size(path: Path) -> Optional[Tuple[int, int]]:
    """Width and height of an image as MMPose's loader turns it, from its
    header; None if unreadable."""
    try:
        with Image.open(path) as image:
            turned = image.getexif().get(ExifTags.Base.Orientation, 1) > 4
            return image.size[::-1] if turned else image.size
    except (OSError, SyntaxError, ValueError):
        # What Pillow raises for damaged headers.
        return None
