# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""COCO keypoint files of CVAT, Roboflow, Label Studio and others.

sleap-io's reader makes hidden keypoints (visibility 1) visible ones.
"""
from pathlib import Path
from typing import Dict, List, Optional, Tuple

import numpy as np

from .locate import Finder, parts_of
from .records import Instance, Labels, LabelsError, Picture
from .text import read_json

KEYS = {'images', 'annotations', 'categories'}
# Words in the names of files and folders that tell a split.
WORDS = dict(train='train', val='val', test='test')
UNNAMED = 'keypoints without a name, called keypoint_1 and so on'


def is_coco(content: object) -> bool:
    """Whether JSON is of the form of COCO."""
    return isinstance(content, dict) and KEYS <= set(content)


def split_of(path: Path) -> Optional[str]:
    """The split that a file's name tells, or its folder's."""
    for name in (path.stem.lower(), path.parent.name.lower()):
        found = [split for word, split in WORDS.items() if word in name]
        if len(found) == 1:
            return found[0]
    return None


def read_files(paths: List[Path], category: Optional[str],
               images: Optional[Path]) -> Labels:
    """Read one file, or several that are the splits of one dataset.

    Args:
        paths: The files.
        category: Name of the category to take; None for all with keypoints.
        images: Where else the pictures may be.

    Raises:
        LabelsError: If they hold no keypoints, or several kinds of them.
    """
    contents = {path: read_json(path) for path in paths}
    labels = Labels('COCO keypoints', [], [], [], files=list(paths))
    chosen = {path: choose(path, content, category, labels)
              for path, content in contents.items()}
    kinds = {tuple(names): path for path, (names, _) in chosen.items()}
    if len(kinds) > 1:
        raise LabelsError('the keypoints of ' + ' and '.join(
            map(str, kinds.values())) + ' have different names; import them '
            'one by one')
    labels.keypoints = list(next(iter(kinds)))
    for path, content in contents.items():
        split = split_of(path) if len(paths) > 1 else None
        labels.pictures += read_pictures(
            path, content, chosen[path][1], split, images, labels)
    return labels


def choose(path: Path, content: dict, category: Optional[str],
           labels: Labels) -> Tuple[List[str], set]:
    """Names of the keypoints, and the ids of the categories that have them.
    """
    if not is_coco(content):
        raise LabelsError(f'{path} has no images, annotations and categories, '
                          'so it is no COCO file')
    lengths = {}
    for one in content['annotations']:
        if one.get('keypoints'):
            lengths.setdefault(one.get('category_id'),
                               len(one['keypoints']) // 3)
    used = [one for one in content['categories'] if one.get('id') in lengths]
    if not used:
        raise LabelsError(f'{path} has no annotation with keypoints; export '
                          'it as COCO keypoints')
    if category is not None:
        names = [str(one.get('name')) for one in used]
        used = [one for one in used if str(one.get('name')) == category]
        if not used:
            raise LabelsError(f'{path} has no category {category!r} with '
                              f'keypoints; it has {", ".join(names)}')
    named = {}
    for one in used:
        names = one.get('keypoints')
        if not names:
            labels.notes[UNNAMED] = number = lengths[one['id']]
            names = [f'keypoint_{i}' for i in range(1, number + 1)]
        named.setdefault(tuple(map(str, names)), []).append(one)
    if len(named) > 1:
        text = ', '.join(f'{one[0].get("name")} ({len(names)})'
                         for names, one in named.items())
        raise LabelsError(f'{path} has categories of different keypoints, '
                          f'{text}; name one with --category')
    if len(used) > 1:
        labels.notes['categories of the same keypoints, taken as one'] = len(
            used)
    upper = {one.get('supercategory') for one in used}
    if len(used) > 1 and len(upper) == 1 and None not in upper:
        labels.category = str(upper.pop())
    else:
        labels.category = str(used[0].get('name', labels.category))
    (names,) = named
    labels.skeleton = bones(used[0].get('skeleton') or [], len(names), labels)
    return list(names), {one['id'] for one in used}


def bones(pairs: list, number: int, labels: Labels) -> List[Tuple[int, int]]:
    """Pairs of indices from 0, of a skeleton that counts from 1."""
    first = 1
    if any(0 in pair for pair in pairs):
        first, labels.notes['skeletons that count from 0'] = 0, 1
    found = []
    for pair in pairs:
        a, b = (int(end) - first for end in pair)
        if 0 <= a < number and 0 <= b < number:
            found.append((a, b))
        else:
            labels.skipped['bones between unknown keypoints'] += 1
    return found


def read_pictures(path: Path, content: dict, category_ids: set,
                  split: Optional[str], images: Optional[Path],
                  labels: Labels) -> List[Picture]:
    """The pictures of one file."""
    found: Dict[object, Picture] = {}
    videos = {one.get('id'): str(one.get('name', one.get('id')))
              for one in content.get('videos') or []}
    names = [image.get('file_name') for image in content['images']]
    if None in names:
        raise LabelsError(f'{path}: an image has no file_name')
    finder = Finder(names, roots(path, images))
    for image, name in zip(content['images'], names):
        if image['id'] in found:
            labels.skipped['images with an id that came before'] += 1
            continue
        video = image.get('video')
        if video is None and image.get('video_id') is not None:
            video = videos.get(image['video_id'], str(image['video_id']))
        size = (image.get('width'), image.get('height'))
        index = image.get('frame_index', image.get('frame_id'))
        found[image['id']] = Picture(
            name='/'.join(filter(None, (split, *parts_of(name)))),
            path=finder.find(name), instances=[], video=video, split=split,
            frame_index=index if isinstance(index, int) else None,
            size=size if all(size) else None)
    for one in content['annotations']:
        picture = found.get(one.get('image_id'))
        instance, fault = read_annotation(one, labels, category_ids)
        if picture is None:
            fault = 'annotations of an unknown image'
        if fault:
            labels.skipped[fault] += 1
        else:
            picture.instances.append(instance)
    return list(found.values())


def read_annotation(one: dict, labels: Labels, category_ids: set
                    ) -> Tuple[Optional[Instance], Optional[str]]:
    """An annotation, or why it is skipped."""
    if str(one.get('iscrowd', 0)).lower() in ('1', 'true'):
        return None, 'crowd regions'
    if not one.get('keypoints'):
        return None, 'annotations without keypoints'
    if one.get('category_id') not in category_ids:
        return None, 'annotations of another category'
    try:
        keypoints = np.array(one['keypoints'], float)
    except (TypeError, ValueError):
        return None, 'annotations whose keypoints are no numbers'
    if keypoints.size != 3 * len(labels.keypoints):
        return None, 'annotations with another number of keypoints'
    keypoints = keypoints.reshape(-1, 3)
    # Also where a coordinate or the visibility is NaN.
    labelled = np.isfinite(keypoints).all(1) & (keypoints[:, 2] > 0)
    hidden = ~labelled & (np.nan_to_num(keypoints[:, :2]) != 0).any(1)
    labels.notes['keypoints with a place but visibility 0, taken as not '
                 'labelled'] += int(hidden.sum())
    keypoints[:, 2] = np.where(
        labelled, np.where(keypoints[:, 2] == 1, 1, 2), 0)
    name = one.get('individual', one.get('track_id'))
    return Instance(keypoints, read_box(one.get('bbox')),
                    None if name is None else str(name)), None


def read_box(box: object) -> Optional[Tuple[float, ...]]:
    """Four numbers, or None."""
    try:
        values = tuple(map(float, box))
    except (TypeError, ValueError):
        return None
    return values if len(values) == 4 and np.isfinite(values).all() else None


def roots(path: Path, images: Optional[Path]) -> List[Path]:
    """Folders where the pictures of a file are, by the habits of tools."""
    found = [] if images is None else [images]
    for folder in list(path.absolute().parents)[:2]:
        found.append(folder)
        below = [folder / 'images', folder]
        # annotations/person_keypoints_train2017.json: train2017
        found += [one for parent in below if parent.is_dir()
                  for one in sorted(parent.iterdir())
                  if one.is_dir() and one.name in path.stem]
        found.append(folder / 'images')
    return found
