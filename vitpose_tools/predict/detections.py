# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Boxes of a COCO file, checked before the first is used."""
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple, Union

import numpy as np

from vitpose_mm.fileio import read_json
from .errors import PredictError

FORMS = ("a list of detections with 'image_id' or 'file_name', 'bbox' (x, y, "
         "w, h in pixels) and 'score', or a COCO annotation file with "
         "'images' and 'annotations'")
Key = Union[int, str]


class BoxesError(PredictError):
    """Boxes cannot be used; the message says why and what to do."""


@dataclass
class Detections:
    """Boxes of a file, M of them.

    Attributes:
        path: The file.
        rows: Number of each in the file, from 0, (M,).
        xyxy: x1, y1, x2, y2 in image pixels, (M, 4), float32.
        scores: (M,), float32.
        track_ids: (M,), or None.
        of_image: Number or name of an image to indices of its boxes.
        names: Of images, by number or name; empty where the file has only
            numbers.
        frames: Video and index in it to number, of images that say so.
        notes: Sentences about what was left out.
    """

    path: Path
    rows: np.ndarray
    xyxy: np.ndarray
    scores: np.ndarray
    track_ids: Optional[np.ndarray]
    of_image: Dict[Key, List[int]]
    names: Dict[Key, str]
    frames: Dict[Tuple[str, int], Key]
    notes: List[str] = field(default_factory=list)


def read_detections(path: Path, images: Optional[Path],
                    category: Union[str, int, None]) -> Detections:
    """Read and check a file.

    Args:
        path: In one of FORMS.
        images: COCO file whose 'images' say what the numbers mean.
        category: Name or number of what has keypoints.

    Raises:
        BoxesError: If something is wrong with it.
    """
    content = load(path)
    about = content if images is None else load(images)
    if isinstance(content, dict) and 'annotations' in content:
        content = content['annotations']
    if not isinstance(content, list) or not all(
            isinstance(entry, dict) for entry in content):
        raise BoxesError(f'{path} holds no boxes: it has to be {FORMS}')
    listed = about.get('images', []) if isinstance(about, dict) else []
    if images is not None and not listed:
        raise BoxesError(f"{images} has no list 'images' that says which "
                         f'images the numbers of {path} are')
    if not content and not listed:
        raise BoxesError(f'{path} holds no boxes: it is empty')
    kinds = about.get('categories', []) if isinstance(about, dict) else []
    try:
        names = {image['id']: str(image['file_name']) for image in listed
                 if 'file_name' in image}
        frames = {(stem(image['video']), int(image['frame_index'])):
                  image['id'] for image in listed
                  if image.get('video') and 'frame_index' in image}
        own = pick_category(path, content, {
            kind['id']: str(kind['name']) for kind in kinds}, category)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BoxesError(f"{images or path}: 'images' or 'categories' are "
                         f'not as COCO has them ({type(error).__name__}: '
                         f'{error})') from error
    return collect(path, content, own, names, frames)


def load(path: Path) -> Any:
    """What a JSON file holds."""
    try:
        return read_json(path)
    except (OSError, ValueError) as error:
        text = f'{path}: {error.strerror}' if isinstance(error, OSError) \
            else str(error)
        raise BoxesError(text) from error


def stem(name: str) -> str:
    """A file's name without folders and suffix."""
    file = str(name).replace('\\', '/').rstrip('/').rsplit('/', 1)[-1]
    return file.rsplit('.', 1)[0] if '.' in file else file


def pick_category(path: Path, entries: List[dict], named: Dict[int, str],
                  category: Union[str, int, None]) -> List[int]:
    """Indices of the entries that are to be used.

    Raises:
        BoxesError: If there are several categories and nothing says which.
    """
    # MMPose's number for what has keypoints.
    counts = Counter(entry.get('category_id', 1) for entry in entries)
    text = ', '.join(
        f'{number} ({named[number]})' if number in named else str(number)
        for number in counts)
    wanted: Any = None
    if category is not None:
        ids = {name: number for number, name in named.items()}
        wanted = ids.get(str(category), category)
        wanted = int(wanted) if str(wanted).isdigit() else wanted
        if wanted not in counts and entries:
            raise BoxesError(f'{path} has no box of category {category!r}; '
                             f'it has those of {text}')
    elif len(counts) > 1:
        people = [number for number in counts
                  if named.get(number) == 'person']
        if not people:
            raise BoxesError(f'{path} has boxes of several categories, '
                             f'{text}; choose one')
        wanted = people[0]
    return [row for row, entry in enumerate(entries)
            if (wanted is None or entry.get('category_id', 1) == wanted)
            and not entry.get('iscrowd')]


def collect(path: Path, entries: List[dict], own: List[int],
            names: Dict[Key, str], frames: Dict[Tuple[str, int], Key]
            ) -> Detections:
    """Bring entries into arrays.

    Raises:
        BoxesError: If one is no box.
    """
    boxes, scores, tracks, rows = [], [], [], []
    of_image: Dict[Key, List[int]] = {}
    empty: List[int] = []
    known = set(names)
    for row in own:
        entry = entries[row]
        box, score, key = check_entry(path, row, entry)
        if isinstance(key, str):
            names[key] = key
        elif known and key not in known:
            raise BoxesError(f'{path}: entry {row} is of image {key}, which '
                             "'images' does not have")
        if box[2] == 0 or box[3] == 0:
            empty.append(row)
            continue
        of_image.setdefault(key, []).append(len(rows))
        boxes.append([box[0], box[1], box[0] + box[2], box[1] + box[3]])
        scores.append(score)
        tracks.append(entry.get('track_id'))
        rows.append(row)
    found = Detections(
        path, np.array(rows, int),
        np.array(boxes, np.float32).reshape(-1, 4),
        np.array(scores, np.float32), None, of_image, names, frames)
    if tracks and all(isinstance(one, int) for one in tracks):
        found.track_ids = np.array(tracks, int)
    if empty:
        found.notes.append(f'{path}: {len(empty)} boxes have no width or '
                           f'height and were left out, the first in entry '
                           f'{empty[0]}')
    return found


def check_entry(path: Path, row: int, entry: dict
                ) -> Tuple[List[float], float, Key]:
    """Box (x, y, w, h), score and image of an entry.

    Raises:
        BoxesError: If one of them is missing or no such thing.
    """
    key = entry.get('file_name', entry.get('image_id'))
    if not isinstance(key, (int, str)):
        raise BoxesError(f"{path}: entry {row} does not say by 'image_id' or "
                         "'file_name' which image it is of; the file has to "
                         f'be {FORMS}')
    try:
        box = [float(value) for value in entry['bbox'][:4]]
        score = float(entry.get('score', 1.))
    except (KeyError, TypeError, ValueError):
        box, score = [], 0.
    if len(box) < 4 or not np.isfinite([*box, score]).all():
        raise BoxesError(
            f"{path}: entry {row} has the 'bbox' {entry.get('bbox')} and the "
            f"'score' {entry.get('score')}, which have to be four finite "
            'numbers, x, y, w, h in pixels, and one')
    if box[2] < 0 or box[3] < 0:
        raise BoxesError(f"{path}: entry {row} has the 'bbox' "
                         f"{entry['bbox']} of negative width or height; boxes "
                         'are x, y, w, h, not two corners')
    return box, score, key
