# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Pose folders of Ultralytics: a YAML file, pictures, a text file for each.

sleap-io's reader knows one arrangement of the folders, leaves out a split
without a word where it fails, and names keypoints by numbers.
"""
import os
from pathlib import Path
from typing import List, Optional, Tuple

import numpy as np

from .coco import UNNAMED
from .locate import IMAGE_SUFFIXES, Finder, is_hidden, parts_of
from .records import Instance, Labels, LabelsError, Picture
from .text import read_text, read_yaml
from .visibility import with_visibility

SPLITS = ('train', 'val', 'test')


def find_yaml(folder: Path) -> Optional[Path]:
    """The YAML file of a pose folder, if there is one."""
    files = [*sorted(folder.glob('*.yaml')), *sorted(folder.glob('*.yml'))]
    found = [path for path in files
             if not is_hidden(path) and 'kpt_shape:' in read_text(path)]
    if len(found) > 1:
        raise LabelsError(f'{folder} holds several files with kpt_shape, '
                          f'{", ".join(path.name for path in found)}; name '
                          'one of them')
    return found[0] if found else None


def read_dataset(path: Path, category: Optional[str],
                 images: Optional[Path]) -> Labels:
    """Read a pose folder.

    Args:
        path: The YAML file.
        category: Name of the class to take; None for all.
        images: Folder that the YAML file's paths are relative to, if not its
            own.

    Raises:
        LabelsError: If it is none.
    """
    config = read_yaml(path)
    shape = config.get('kpt_shape')
    if not (isinstance(shape, list) and len(shape) == 2 and
            isinstance(shape[0], int) and shape[0] > 0 and shape[1] in (2, 3)):
        raise LabelsError(f'{path}: kpt_shape is {shape!r}, not [K, 2] or '
                          '[K, 3], so this is no pose dataset')
    labels = Labels('Ultralytics pose', [], [], [], files=[path])
    labels.keypoints = keypoint_names(config, shape[0], labels)
    for pair in config.get('skeleton') or []:
        if isinstance(pair, list) and len(pair) == 2 and all(
                isinstance(i, int) and 0 <= i < shape[0] for i in pair):
            labels.skeleton.append((pair[0], pair[1]))
    labels.pairs = flip_pairs(config.get('flip_idx'), shape[0], labels)
    classes = class_names(config)
    if category is not None and category not in classes.values():
        raise LabelsError(f'{path} has no class {category!r}; it has '
                          f'{", ".join(classes.values())}')
    folders = {split: folders_of(path, config, split, images, labels)
               for split in SPLITS}
    if not any(folders.values()):
        raise LabelsError(
            f'{path}: no folder that it names exists (train is '
            f'{config.get("train")!r}); say with --images what its paths '
            'start from')
    if folders['val'] == folders['train']:
        folders['val'] = []
    seen = set()
    for split, places in folders.items():
        for name, picture in pictures_of(
                places, [*filter(None, [images]), path.parent]):
            seen |= read_picture(f'{split}/{name}', picture, split, shape,
                                 category, classes, labels)
    if category is None and len(seen) > 1:
        labels.notes['classes of the same keypoints, taken as one'] = len(seen)
    names = [classes.get(number) for number in seen]
    if len(seen) == 1 and names[0]:
        labels.category = names[0]
    return labels


def keypoint_names(config: dict, number: int, labels: Labels) -> List[str]:
    """Names that newer files have for each class, or that sleap-io writes."""
    names = config.get('kpt_names', config.get('node_names'))
    if isinstance(names, dict) and names:
        names = next(iter(names.values()))
    if isinstance(names, list) and len(names) == number:
        return [str(name) for name in names]
    labels.notes[UNNAMED] = number
    return [f'keypoint_{i}' for i in range(1, number + 1)]


def flip_pairs(order: object, number: int, labels: Labels
               ) -> List[Tuple[int, int]]:
    """Pairs of a flip order. One in which nothing changes places says
    nothing: exporters write it where they know no sides."""
    if order is None:
        return []
    if not (isinstance(order, list) and len(order) == number and all(
            type(i) is int and 0 <= i < number and order[i] == j
            for j, i in enumerate(order))):
        labels.notes['flip_idx that exchanges no pairs, left out'] += 1
        return []
    return [(i, j) for i, j in enumerate(order) if i < j]


def class_names(config: dict) -> dict:
    """Number to name."""
    names = config.get('names') or {}
    if isinstance(names, str):
        names = [names]
    items = names.items() if isinstance(names, dict) else enumerate(names)
    return {int(number): str(name) for number, name in items}


def folders_of(path: Path, config: dict, split: str, images: Optional[Path],
               labels: Labels) -> List[Path]:
    """Where a split is: folders, or text files that list pictures."""
    named = config.get(split) or []
    found = []
    for name in named if isinstance(named, list) else [named]:
        root = str(config.get('path') or '')
        # Roboflow writes '../train' of what lies beside the file. The last
        # is for an absolute path of another machine.
        tries = [base / way for base in filter(None, (images, path.parent))
                 for way in (Path(root, name), Path(name),
                             Path(*parts_of(name)),
                             Path(*parts_of(name)[-2:]))]
        place = next((one for one in tries if one.exists()), None)
        if place is None:
            labels.notes[f'folders of {path.name} that do not exist'] += 1
        else:
            # Without following links: the labels lie beside the name.
            plain = Path(os.path.normpath(place.absolute()))
            found.append(plain if plain.exists() else place.resolve())
    return found


def pictures_of(places: List[Path], roots: List[Path]
                ) -> List[Tuple[str, Path]]:
    """Name and path of all pictures in folders and in lists.

    Args:
        places: Folders, and text files with a path in each line.
        roots: Where else the listed pictures may be.
    """
    found = []
    for place in places:
        if place.is_dir():
            found += [(path.relative_to(place).as_posix(), path)
                      for path in sorted(place.rglob('*'))
                      if path.suffix.lower() in IMAGE_SUFFIXES
                      and not is_hidden(path)]
            continue
        lines = [line.strip() for line in read_text(place).splitlines()
                 if line.strip()]
        finder = Finder(lines, [place.parent, *roots])
        common = len(os.path.commonprefix(
            [parts_of(line)[:-1] for line in lines]))
        found += [('/'.join(parts_of(line)[common:]),
                   finder.find(line) or place.parent / line)
                  for line in lines]
    return found


def label_file(picture: Path) -> Optional[Path]:
    """The labels of a picture, or of what it is a link to: 'labels' for the
    last 'images'."""
    for path in (picture, picture.resolve()):
        parts = list(path.parts)
        for i in range(len(parts) - 2, -1, -1):
            if parts[i] == 'images':
                parts[i] = 'labels'
                break
        text = Path(*parts).with_suffix('.txt')
        if text.is_file():
            return text
    return None


def read_picture(name: str, path: Path, split: str, shape: List[int],
                 category: Optional[str], classes: dict, labels: Labels
                 ) -> set:
    """Add a picture; return the classes that are in it."""
    picture = Picture(
        name, [], path=path if path.is_file() else None,
        split=split, relative=True)
    labels.pictures.append(picture)
    text, seen = label_file(path), set()
    if text is None:
        return seen
    labels.files.append(text)
    for line in read_text(text).splitlines():
        try:
            values = np.array(line.split(), float)
        except ValueError:
            labels.skipped['lines that are no numbers'] += 1
            continue
        if not values.size:
            continue
        if values.size != 5 + shape[0] * shape[1]:
            labels.skipped['lines with another number of values than '
                           'kpt_shape says'] += 1
            continue
        if category is not None and classes.get(int(values[0])) != category:
            labels.skipped['instances of another class'] += 1
            continue
        seen.add(int(values[0]))
        x, y, w, h = values[1:5].tolist()
        picture.instances.append(Instance(
            with_visibility(values[5:].reshape(shape)),
            (x - w / 2, y - h / 2, w, h)))
    return seen
