# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Label Studio's own JSON.

sleap-io reads what it wrote itself, frames of a video; it has no pictures,
and the order of the keypoints changes from run to run.
"""
import re
from pathlib import Path
from typing import Dict, List, Optional
from urllib.parse import parse_qs, unquote, urlsplit

import numpy as np

from .coco import roots
from .locate import UPLOADED, Finder, parts_of
from .records import Instance, Labels, LabelsError, Picture
from .text import read_json

LISTS = ('annotations', 'completions')
POINT = 'keypointlabels'


def is_label_studio(content: object) -> bool:
    """Whether JSON is an export of Label Studio."""
    return isinstance(content, list) and bool(content) and all(
        isinstance(task, dict) and 'data' in task and
        any(key in task for key in LISTS) for task in content)


def read_tasks(path: Path, images: Optional[Path]) -> Labels:
    """Read an export.

    Args:
        path: The JSON file.
        images: Where else the pictures may be.

    Raises:
        LabelsError: If it has no keypoints.
    """
    tasks = read_json(path)
    labels = Labels('Label Studio', [], [], [], files=[path])
    regions = [regions_of(task, labels) for task in tasks]
    labels.keypoints = list(dict.fromkeys(
        label_of(region) for one in regions for region in one
        if is_point(region)))
    if not labels.keypoints:
        raise LabelsError(f'{path} has no keypoints (regions of '
                          'KeyPointLabels)')
    names = [picture_name(task) for task in tasks]
    plain = [re.sub(UPLOADED, '', parts_of(name)[-1])
             if parts_of(name) else '' for name in names]
    finder = Finder(names, roots(path, images))
    # Uploaded pictures have eight digits before their name; on the disk of
    # the user they have not.
    other = Finder(plain, roots(path, images))
    for one, name, short in zip(regions, names, plain):
        labels.pictures.append(Picture(
            name=name, path=finder.find(name) or other.find(short),
            instances=instances(one, labels), relative=True,
            size=stated_size(one)))
    return labels


def regions_of(task: dict, labels: Labels) -> List[dict]:
    """What was drawn in the first annotation of a task that counts, or in
    the one that is marked as the truth."""
    found = next((task[key] for key in LISTS if task.get(key)), [])
    found = sorted((one for one in found if not one.get('was_cancelled')),
                   key=lambda one: not one.get('ground_truth'))
    labels.skipped['further annotations of a picture'] += len(found[1:])
    regions = found[0].get('result') or [] if found else []
    turned = [one for one in regions if one.get('image_rotation')]
    if turned:
        labels.skipped['regions in pictures turned while labelling'] += len(
            turned)
        return []
    nameless = [one for one in regions if one.get('type') == POINT
                and not is_point(one)]
    labels.skipped['keypoints without a name'] += len(nameless)
    return regions


def picture_name(task: dict) -> str:
    """The path in what Label Studio calls the picture, an URL often."""
    data = task['data']
    value = data.get('image') or data.get('img') or next(
        (one for one in data.values() if isinstance(one, str)), '')
    if str(value).startswith('data:'):
        return 'a picture within the JSON'
    parts = urlsplit(str(value).replace('\\', '/'))
    local = parse_qs(parts.query).get('d')
    if local:  # /data/local-files/?d=folder/picture.jpg
        return local[0]
    return unquote(parts.path) if parts.scheme or '%' in parts.path else str(
        value)


def is_point(region: dict) -> bool:
    """Whether a region is a keypoint with a name."""
    return region.get('type') == POINT and bool(
        region['value'].get('keypointlabels'))


def label_of(region: dict) -> str:
    return str(region['value']['keypointlabels'][0])


def stated_size(regions: List[dict]) -> Optional[tuple]:
    """(w, h) in pixels."""
    for region in regions:
        size = (region.get('original_width'), region.get('original_height'))
        if all(size):
            return size
    return None


def instances(regions: List[dict], labels: Labels) -> List[Instance]:
    """Gather keypoints into instances: by their parent, by relations, by the
    only box around them, or all into one where there are no boxes."""
    boxes = {one.get('id'): corners(one) for one in regions
             if one.get('type') == 'rectanglelabels'}
    points = list(filter(is_point, regions))
    owner = {one.get('id'): one.get('parentID') for one in points}
    for one in regions:
        if one.get('type') == 'relation':
            ends = one.get('from_id'), one.get('to_id')
            for point, box in (ends, ends[::-1]):
                if point in owner and box in boxes:
                    owner[point] = box
    groups: Dict[object, Dict[str, np.ndarray]] = {key: {} for key in boxes}
    loose = []
    for one in points:
        place = np.array([one['value']['x'], one['value']['y']], float) / 100
        if owner[one.get('id')] in boxes:
            add(groups[owner[one.get('id')]], label_of(one), place, labels)
        else:
            loose.append((label_of(one), place))
    for label, place in loose:
        add_loose(groups, boxes, label, place, labels)
    return [Instance(array(group, labels.keypoints), boxes.get(key))
            for key, group in groups.items() if group or key in boxes]


def add_loose(groups: dict, boxes: dict, label: str, place: np.ndarray,
              labels: Labels) -> None:
    """Give a keypoint without owner to one."""
    if not boxes:
        add(groups.setdefault(None, {}), label, place, labels)
        return
    around = [key for key, (x, y, w, h) in boxes.items()
              if x <= place[0] <= x + w and y <= place[1] <= y + h]
    if len(around) > 1:
        free = [key for key in around if label not in groups[key]]
        around = sorted(free or around,
                        key=lambda key: boxes[key][2] * boxes[key][3])
        labels.notes['keypoints in several boxes, given to the smallest that '
                     'has none of the name'] += 1
    if around:
        add(groups[around[0]], label, place, labels)
    else:
        labels.skipped['keypoints outside of every box'] += 1


def add(group: dict, label: str, place: np.ndarray, labels: Labels) -> None:
    """Put a keypoint into an instance that has none of its name."""
    if label in group:
        labels.skipped['keypoints whose instance has one of that name '
                       'already'] += 1
    else:
        group[label] = place


def corners(region: dict) -> tuple:
    """Left, top, width, height in parts of the picture."""
    value = region['value']
    return tuple(float(value[key]) / 100
                 for key in ('x', 'y', 'width', 'height'))


def array(group: dict, names: List[str]) -> np.ndarray:
    """Shape (K, 3)."""
    keypoints = np.zeros((len(names), 3))
    for label, place in group.items():
        keypoints[names.index(label)] = (*place, 2)
    return keypoints
