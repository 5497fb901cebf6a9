# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""COCO keypoint content from pictures that were brought."""
from collections import Counter
from dataclasses import dataclass
from typing import List, Optional, Tuple

import numpy as np

from .boxes import Box, around_keypoints, clip, extent, usual_side, whole
from .records import Labels, Picture

SOURCE = 'of the source'
KEYPOINTS = 'from the keypoints'
ONE_PLACE = 'around one place, as large as the others usually are'
WHOLE = 'the whole picture'


@dataclass
class Kept:
    """A picture in OUT/images.

    Attributes:
        picture: What the reader gave.
        file_name: Below OUT/images.
        size: (w, h) in pixels.
        how: It was brought, in a word.
        instances: Keypoints, shape (K, 3), in pixels, zero where not
            labelled; box of the source in pixels or None; name of the
            individual or None.
    """
    picture: Picture
    file_name: str
    size: Tuple[int, int]
    how: str
    instances: List[Tuple[np.ndarray, Optional[Box], Optional[str]]]


def coco_file(labels: Labels, members: List[Kept], boxes: str, margin: float,
              made: Counter, everything: List[Kept]) -> dict:
    """Content of one COCO file; ids count from 1.

    Args:
        labels: Names and skeleton.
        members: Pictures of this file.
        boxes: See import_labels.
        margin: See import_labels.
        made: Counts how boxes were made.
        everything: Pictures of all files, for the usual size of boxes.
    """
    usual = usual_side([keypoints for one in everything
                        for keypoints, _, _ in one.instances])
    images, annotations = [], []
    for number, one in enumerate(members, 1):
        image = dict(id=number, file_name=one.file_name, width=one.size[0],
                     height=one.size[1])
        if one.picture.video is not None:
            image.update(video=one.picture.video)
        if one.picture.frame_index is not None:
            image.update(frame_index=one.picture.frame_index)
        images.append(image)
        for keypoints, box, name in one.instances:
            box, how = choose_box(keypoints, box, one.size, boxes, margin,
                                  usual)
            made[how] += 1
            annotation = dict(
                id=len(annotations) + 1, image_id=number, category_id=1,
                bbox=[tidy(value) for value in box],
                area=tidy(box[2] * box[3]), iscrowd=0,
                keypoints=flat(keypoints),
                num_keypoints=int((keypoints[:, 2] > 0).sum()))
            if name is not None:
                annotation.update(individual=name)
            annotations.append(annotation)
    category = dict(
        id=1, name=labels.category, supercategory=labels.category,
        keypoints=labels.keypoints,
        skeleton=[[a + 1, b + 1] for a, b in labels.skeleton])
    if labels.pairs:  # no key of COCO's
        category.update(flip_pairs=[
            [labels.keypoints[i] for i in pair] for pair in labels.pairs])
    return dict(
        info=dict(description=f'Imported by vitpose-mm from {labels.format}'),
        licenses=[], images=images, annotations=annotations,
        categories=[category])


def choose_box(keypoints: np.ndarray, box: Optional[Box],
               size: Tuple[int, int], boxes: str, margin: float,
               usual: Optional[float]) -> Tuple[Box, str]:
    """The box of an instance, in pixels, and how it was made."""
    if boxes == 'image':
        return whole(size), WHOLE
    if boxes == 'auto' and box is not None:
        box = clip(box, size)
        if box[2] > 0 and box[3] > 0:
            return box, SOURCE
    if extent(keypoints) is None:
        how = WHOLE if usual is None else ONE_PLACE
    else:
        how = KEYPOINTS
    return around_keypoints(keypoints, size, margin, usual), how


def flat(keypoints: np.ndarray) -> List[float]:
    """COCO's list of x, y, v."""
    return [value for x, y, v in keypoints.tolist()
            for value in (tidy(x), tidy(y), int(v))]


def tidy(value: float) -> float:
    """To a thousandth of a pixel; whole numbers without a point."""
    value = round(float(value), 3)
    return int(value) if value.is_integer() else value
