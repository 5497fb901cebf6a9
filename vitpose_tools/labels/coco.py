# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""COCO keypoint files of CVAT, Roboflow, Label Studio and others.

sleap-io's reader makes hidden keypoints (visibility 1) visible ones.
"""
from pathlib import Path
from typing import Dict, List, Optional, Tuple

from .coco_annotation import (bones, count_keypoints, named_pairs,
                              read_annotation, same)
from .locate import Finder, parts_of
from .records import Labels, LabelsError, Picture
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
    with_keypoints: Dict[str, List[dict]] = {}
    for one in content['annotations']:
        if one.get('keypoints'):
            with_keypoints.setdefault(
                same(one.get('category_id')), []).append(one)
    used = [one for one in content['categories']
            if same(one.get('id')) in with_keypoints]
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
        if not isinstance(names, list) or not names:
            number = count_keypoints(with_keypoints[same(one['id'])])
            labels.notes[UNNAMED] = number
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
    labels.skeleton = bones(used[0].get('skeleton'), list(names), labels)
    labels.pairs = named_pairs(used[0].get('flip_pairs'), list(names))
    return list(names), {same(one['id']) for one in used}


def read_pictures(path: Path, content: dict, category_ids: set,
                  split: Optional[str], images: Optional[Path],
                  labels: Labels) -> List[Picture]:
    """The pictures of one file."""
    found: Dict[str, Picture] = {}
    videos = {same(one.get('id')): str(one.get('name', one.get('id')))
              for one in content.get('videos') or []}
    names = [image.get('file_name') for image in content['images']]
    if not all(isinstance(name, str) and name for name in names):
        raise LabelsError(f"{path}: an image has no text as 'file_name'")
    finder = Finder(names, roots(path, images))
    for image, name in zip(content['images'], names):
        if same(image['id']) in found:
            labels.skipped['images with an id that came before'] += 1
            continue
        video = image.get('video')
        if video is None and image.get('video_id') is not None:
            video = videos.get(same(image['video_id']),
                               str(image['video_id']))
        size = (image.get('width'), image.get('height'))
        index = image.get('frame_index', image.get('frame_id'))
        found[same(image['id'])] = Picture(
            name='/'.join(filter(None, (split, *parts_of(name)))),
            path=finder.find(name), instances=[], video=video, split=split,
            frame_index=index if isinstance(index, int) else None,
            size=size if all(size) else None)
    for one in content['annotations']:
        picture = found.get(same(one.get('image_id')))
        instance, fault = read_annotation(one, labels, category_ids)
        if picture is None:
            fault = 'annotations of an unknown image'
        if fault:
            labels.skipped[fault] += 1
        else:
            picture.instances.append(instance)
    return list(found.values())


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
