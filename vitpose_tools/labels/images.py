# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Bring pictures into the folder of an import."""
import errno
import os
import shutil
from pathlib import Path
from typing import List, Optional, Set, Tuple

import cv2
import numpy as np
from PIL import Image

from .locate import out_name, parts_of
from .records import Picture

# EXIF's orientations that swap width and height when the picture is shown.
ORIENTATION, TURNED = 0x0112, (5, 6, 7, 8)


def picture_size(path: Path) -> Optional[Tuple[int, int]]:
    """(w, h) in pixels of a picture as OpenCV and browsers show it, EXIF's
    orientation applied; None if it cannot be read."""
    try:
        with Image.open(path) as image:
            w, h = image.size
            turned = image.getexif().get(ORIENTATION) in TURNED
    # Pillow raises these, SyntaxError among them, for broken files.
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    return (h, w) if turned else (w, h)


class Video:
    """Frames of a video file by number, read from front to back: what OpenCV
    finds by a number is not always that frame, and none in some files.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.capture: Optional[cv2.VideoCapture] = None
        self.next = 0

    def frame(self, index: int) -> Optional[np.ndarray]:
        """Frame ``index`` from 0, shape (h, w, 3), BGR; None if there is
        none. Quick where each is asked for after those before it."""
        if self.capture is None or index < self.next:
            self.capture, self.next = cv2.VideoCapture(str(self.path)), 0
        while self.next <= index:
            if not self.capture.grab():
                return None
            self.next += 1
        read, frame = self.capture.retrieve()
        return frame if read else None


class Names:
    """File names for pictures: short, safe and each another.

    Args:
        pictures: All of them.
    """

    def __init__(self, pictures: List[Picture]) -> None:
        folders = [parts_of(picture.name)[:-1] for picture in pictures]
        self.common = len(os.path.commonprefix(folders)) if folders else 0
        self.used: Set[str] = set()

    def name(self, picture: Picture) -> str:
        """A new relative path for a picture; frames become PNG files."""
        path = Path(out_name('/'.join(parts_of(picture.name)[self.common:])))
        if picture.path is None:
            path = path.with_suffix('.png')
        name, number = path, 1
        # Some file systems do not tell upper from lower case.
        while name.as_posix().lower() in self.used:
            number += 1
            name = path.with_name(f'{path.stem}_{number}{path.suffix}')
        self.used.add(name.as_posix().lower())
        return name.as_posix()


def bring(picture: Picture, target: Path, copy: bool
          ) -> Optional[Tuple[Tuple[int, int], str]]:
    """Link, copy or extract a picture.

    Args:
        picture: It has a path or a frame.
        target: Its new file; the folder is made.
        copy: Copy files instead of linking them.

    Returns:
        (w, h) in pixels, and 'linked', 'copied' or 'extracted'; None if the
        picture cannot be read, then nothing is written.
    """
    if picture.path is None:
        frame = picture.frame()
        if frame is None:
            return None
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(cv2.imencode('.png', frame)[1].tobytes())
        return (frame.shape[1], frame.shape[0]), 'extracted'
    size = picture_size(picture.path)
    if size is None:
        return None
    target.parent.mkdir(parents=True, exist_ok=True)
    return size, (copied if copy else linked)(picture.path, target)


def linked(source: Path, target: Path) -> str:
    """Make a hard link, or where the system refuses that a symbolic one, or
    else a copy.

    Returns:
        'linked' or 'copied'.

    Raises:
        OSError: If the disk is full or may not be written.
    """
    for make in (os.link, os.symlink):
        try:
            make(source.resolve(), target)
            return 'linked'
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EROFS):
                raise
    return copied(source, target)


def copied(source: Path, target: Path) -> str:
    """Copy a file's bytes."""
    shutil.copyfile(source, target)
    return 'copied'
