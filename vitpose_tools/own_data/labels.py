# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""What a COCO file tells a recipe: names, links, boxes and how many."""
from dataclasses import dataclass
from pathlib import Path
from typing import List, Tuple

import numpy as np

from vitpose_tools.annotations import AnnotationError, read_json
from vitpose_tools.data_check.flip_pairs import FlipPairs, guess_flip_pairs
from vitpose_tools.labels.coco_annotation import bones, named_pairs
from vitpose_tools.labels.records import Labels

# A box that covers this share of its image is the image.
WHOLE = 0.95


class OwnDataError(ValueError):
    """Own data that no recipe can be made for; one sentence with the cure."""


@dataclass(frozen=True)
class OwnLabels:
    """What fine-tuning needs to know of a training file.

    Args:
        path: The file.
        category: Name of what is labelled.
        names: Of the K keypoints.
        links: Of the skeleton, pairs of indices; empty if the file has none.
        pairs: Of keypoints that change places in a mirrored picture, where
            the file says so (``flip_pairs`` of its category, by names).
        keypoints: x, y in pixels of the image, and v, (P, K, 3), of those
            with a labelled keypoint.
        boxes: x, y, w, h in pixels of the image, (P, 4).
        images: How many.
        whole: Whether the boxes are the images, so that people are not cut
            out.
    """

    path: Path
    category: str
    names: List[str]
    links: List[Tuple[int, int]]
    pairs: List[Tuple[int, int]]
    keypoints: np.ndarray
    boxes: np.ndarray
    images: int
    whole: bool

    @property
    def flips(self) -> FlipPairs:
        """What changes places in a mirrored picture: what the file says, or
        what can be guessed from the names."""
        if self.pairs:
            return FlipPairs(self.pairs, [], True)
        return guess_flip_pairs(self.names)

    @property
    def aspect(self) -> float:
        """Width by height of a typical box."""
        return float(np.median(self.boxes[:, 2] / self.boxes[:, 3]))


def read_own_labels(path: Path) -> OwnLabels:
    """Read a COCO keypoint file.

    Raises:
        OwnDataError: If it is none, or holds several kinds of keypoints.
    """
    content = _load(path)
    kinds = {}
    for category in content['categories']:
        if category.get('keypoints') and isinstance(
                category['keypoints'], list):
            kinds.setdefault(
                tuple(map(str, category['keypoints'])), category)
    if len(kinds) != 1:
        raise OwnDataError(
            f'{path}: its categories have '
            + ('no list of keypoint names' if not kinds else
               f'{len(kinds)} different skeletons')
            + "; give 'categories' one entry with 'name', 'keypoints' and, "
            "if you like, 'skeleton'")
    names, category = next(iter(kinds.items()))
    names = list(names)
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise OwnDataError(f'{path}: two keypoints are called {twice!r}; '
                           'give each its own name')
    sizes = {image['id']: (image['width'], image['height'])
             for image in content['images']}
    people = [ann for ann in content['annotations']
              if _is_person(ann, 3 * len(names))
              and ann['image_id'] in sizes]
    if not people:
        raise OwnDataError(
            f'{path}: none of its {len(content["annotations"])} annotations '
            f'has {len(names)} keypoints with a labelled one and a box; '
            f'vitpose-mm data check {path} says more')
    boxes = np.array([ann['bbox'] for ann in people], dtype=float)
    of_image = np.array([sizes[ann['image_id']] for ann in people])
    covered = boxes[:, 2:].prod(1) / of_image.prod(1)
    return OwnLabels(
        path=path,
        category=str(category.get('name', 'object')),
        names=names,
        links=[(i, j) for i, j in bones(category.get('skeleton'), names,
                                        Labels('COCO', names, [], []))
               if i != j],
        pairs=named_pairs(category.get('flip_pairs'), names),
        keypoints=np.array([ann['keypoints'] for ann in people],
                           dtype=float).reshape(-1, len(names), 3),
        boxes=boxes,
        images=len(content['images']),
        whole=bool((covered >= WHOLE).mean() > 0.9))


def _load(path: Path) -> dict:
    """A COCO-style file with its three lists."""
    try:
        content = read_json(path, dict)
    except AnnotationError as error:
        raise OwnDataError(str(error)) from error
    lists = 'images', 'annotations', 'categories'
    if not all(isinstance(content.get(key), list) for key in lists):
        raise OwnDataError(
            f"{path} is no COCO-style file with the lists 'images', "
            "'annotations' and 'categories'; vitpose-mm data import makes "
            'one of what labelling tools write')
    return content


def _is_person(ann: dict, values: int) -> bool:
    """Whether MMPose trains on an annotation."""
    keypoints, box = ann.get('keypoints') or [], ann.get('bbox') or []
    return (len(keypoints) == values and any(v > 0 for v in keypoints[2::3])
            and len(box) == 4 and box[2] > 0 and box[3] > 0
            and ann.get('iscrowd', 0) == 0)
