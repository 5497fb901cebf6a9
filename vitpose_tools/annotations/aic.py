# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from collections import Counter
from pathlib import Path
from typing import Callable, List, Optional, Tuple

from PIL import Image

from .json_file import AnnotationError

# Of AI Challenger's file, in its order.
KEYPOINTS = (
    'right_shoulder', 'right_elbow', 'right_wrist', 'left_shoulder',
    'left_elbow', 'left_wrist', 'right_hip', 'right_knee', 'right_ankle',
    'left_hip', 'left_knee', 'left_ankle', 'head_top', 'neck')
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
    for record in records:
        try:
            name = f'{record["image_id"]}.jpg'
            people = record['keypoint_annotations']
            boxes = record['human_annotations']
        except (KeyError, TypeError):
            raise AnnotationError(
                'a record lacks image_id, keypoint_annotations or '
                f'human_annotations: {str(record)[:80]}')
        size = image_size(images / name)
        on_image()
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
            coco['annotations'].append(
                dict(person, id=len(coco['annotations']) + 1,
                     image_id=len(coco['images']), category_id=1, iscrowd=0))
    if not coco['images']:
        raise AnnotationError(f'none of the {len(records)} images is in '
                              f'{images}; name their folder with --images')
    return coco, left_out


def convert_person(points: list, box: Optional[list]) -> Optional[dict]:
    """Convert one person.

    Args:
        points: x, y and AI Challenger's visibility of 14 keypoints.
        box: x1, y1, x2, y2, if there is one.

    Returns:
        keypoints, num_keypoints and bbox (x, y, w, h) in COCO form; None if
        the person is not annotated so.
    """
    if not box or len(box) != 4 or len(points) != 3 * len(KEYPOINTS):
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
    """Width and height of an image, from its header; None if unreadable."""
    try:
        with Image.open(path) as image:
            return image.size
    except OSError:
        return None
