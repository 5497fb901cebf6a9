# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from pathlib import Path
from typing import Dict, List, Optional, Union

import numpy as np

from .detections import BoxesError, Key, read_detections, stem
from .frame import Boxes, Frame


class WholeImage:
    """One box for each frame: all of it, for pictures of one animal or
    person. In videos it is always the same one."""

    def __call__(self, frame: Frame) -> Boxes:
        height, width = frame.image.shape[:2]
        return Boxes(
            np.array([[0, 0, width, height]], np.float32),
            np.ones(1, np.float32),
            None if frame.index is None else np.zeros(1, int))


class BoxesOfFile:
    """Boxes that are already there.

    The file is a list of detections, as MMPose's bbox_file, with 'bbox' (x,
    y, w, h in pixels), 'score' and perhaps 'track_id', or a COCO annotation
    file. Its images are found by name; without names 'image_id' is the index
    of a frame of the one video, from 0, or the number that a picture's name
    is, as COCO's are. Boxes are used as they are, not cut to the image.

    Args:
        path: The file.
        images: COCO file whose 'images' name what 'image_id' is.
        category: Name or number; None is the only one, or 'person'.
        min_score: Boxes of less score are left out.

    Attributes:
        notes: Sentences about boxes that were left out.

    Raises:
        BoxesError: If the file is no such file, or a box of it is no box.
    """

    def __init__(self, path: Union[str, Path],
                 images: Union[str, Path, None] = None,
                 category: Union[str, int, None] = None,
                 min_score: float = 0.) -> None:
        self.path = Path(path)
        self.found = read_detections(
            self.path, None if images is None else Path(images), category)
        self.min_score = min_score
        self.video: Optional[str] = None
        self.outside = self.without = 0
        self.examples: Dict[str, str] = {}
        self.by_file: Dict[str, List[Key]] = {}
        for key, name in self.found.names.items():
            self.by_file.setdefault(parts_of(name)[-1], []).append(key)

    @property
    def notes(self) -> List[str]:
        notes = list(self.found.notes)
        if self.outside:
            notes.append(f'{self.path}: {self.outside} boxes lie outside of '
                         'their images and were left out, the first '
                         f'{self.examples["outside"]}')
        if self.without:
            notes.append(f'{self.path}: {self.without} images have no box, '
                         f'the first {self.examples["without"]}')
        return notes

    def __call__(self, frame: Frame) -> Boxes:
        """Boxes of a frame, in the order of the file.

        Raises:
            BoxesError: If the file cannot tell which boxes are the frame's.
        """
        found = self.found
        rows = np.array(found.of_image.get(self.key(frame), []), int)
        rows = rows[found.scores[rows] >= self.min_score]
        height, width = frame.image.shape[:2]
        xyxy = found.xyxy[rows]
        inside = ((xyxy[:, 2:] > 0).all(1)
                  & (xyxy[:, :2] < (width, height)).all(1))
        for row in rows[~inside]:
            self.outside += 1
            x1, y1, x2, y2 = found.xyxy[row].tolist()
            self.examples.setdefault('outside', (
                f'in entry {found.rows[row]}: {[x1, y1, x2 - x1, y2 - y1]} '
                f'in {frame.source} of {width}x{height}'))
        if not len(rows):
            self.without += 1
            self.examples.setdefault('without', frame.source + (
                '' if frame.index is None else f', frame {frame.index}'))
        rows = rows[inside]
        return Boxes(
            found.xyxy[rows], found.scores[rows],
            None if found.track_ids is None else found.track_ids[rows])

    def best_by_frame(self) -> Dict[int, List[float]]:
        """Of each frame of a video, x1, y1, x2, y2 of the box of most score.

        Raises:
            BoxesError: If the file has names instead of indices.
        """
        if not all(isinstance(key, int) for key in self.found.of_image):
            raise BoxesError(f"{self.path}: 'image_id' has to be the index "
                             'of the frame, from 0')
        best = {}
        for index, rows in self.found.of_image.items():
            row = max(rows, key=lambda one: self.found.scores[one])
            best[index] = self.found.xyxy[row].tolist()
        return best

    def image_id(self, frame: Frame) -> Optional[int]:
        """The number that the file gives to a frame; None if it has none."""
        key = self.key(frame)
        return key if isinstance(key, int) else None

    def key(self, frame: Frame) -> Optional[Key]:
        """Number or name of a frame in the file; None if it has none."""
        if frame.index is None:
            return self.picture(frame.source)
        if self.found.frames:
            return self.found.frames.get((stem(frame.source), frame.index))
        if self.found.names:
            raise BoxesError(
                f'{self.path} has boxes of pictures by name, not of the '
                f"frames of {frame.source}; give 'image_id' the index of the "
                'frame, from 0')
        if self.video not in (None, frame.source):
            raise BoxesError(
                f'{self.path} has boxes by index of the frame, which are of '
                f'one video, but {self.video} and {frame.source} are given; '
                'take the videos one by one, each with its boxes')
        self.video = frame.source
        return frame.index

    def picture(self, source: str) -> Optional[Key]:
        """Number or name of a picture in the file."""
        parts = parts_of(source)
        if not self.found.names:
            number = stem(source)
            if not number.isdigit():
                raise BoxesError(
                    f"{self.path} says by 'image_id' which image a box is "
                    f'of, and {source or "an array"} has no number for its '
                    'name; give the COCO file of the images as well, or '
                    "'file_name' in each entry")
            return int(number)
        # Folders have to agree as far as both have some.
        keys = [key for key in self.by_file.get(parts[-1], [])
                if ends_alike(parts, parts_of(self.found.names[key]))]
        if len(keys) > 1:
            raise BoxesError(f'{self.path} has {len(keys)} images that '
                             f'{source} may be; write longer paths as '
                             "'file_name'")
        return keys[0] if keys else None


def parts_of(path: str) -> List[str]:
    """Folders and name of a path of any system."""
    return [part for part in path.replace('\\', '/').split('/')
            if part not in ('', '.')] or ['']


def ends_alike(one: List[str], other: List[str]) -> bool:
    """Whether the shorter path is the end of the longer."""
    count = min(len(one), len(other))
    return one[-count:] == other[-count:]
