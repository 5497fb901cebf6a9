# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from pathlib import Path
from typing import Callable, Iterator, Tuple, Union

import cv2
import numpy as np

from .errors import PredictError

SUFFIXES = ('.avi', '.flv', '.gif', '.m4v', '.mkv', '.mov', '.mp4', '.mpeg',
            '.mpg', '.mts', '.ogv', '.ts', '.webm', '.wmv')
CAMERA = 'camera:'


class VideoError(PredictError):
    """A video, or its boxes, cannot be used; the message says why."""


class Video:
    """Frames of a video file, read from the first to the last: what OpenCV
    finds by an index is not always that frame.

    Args:
        path: Of the file.

    Raises:
        VideoError: If it is no video.
    """

    def __init__(self, path: Union[str, Path]) -> None:
        self.path = Path(path)
        if not self.path.is_file():
            raise VideoError(f'{path} is no file')
        capture = cv2.VideoCapture(str(path))
        is_read, frame = capture.read()
        self.fps = capture.get(cv2.CAP_PROP_FPS) or 1.
        stated = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
        capture.release()
        if not is_read:
            raise VideoError(f'{path} is no video that OpenCV reads')
        self.stated = max(stated, 1)  # what the file says, for a bar
        self.size = frame.shape[1], frame.shape[0]

    def read(self, wanted: Callable[[int], bool] = lambda index: True
             ) -> Iterator[Tuple[int, np.ndarray]]:
        """Index and frame, shape (h, w, 3), BGR, of those that are wanted."""
        capture = cv2.VideoCapture(str(self.path))
        index = 0
        try:
            while capture.grab():
                if wanted(index):
                    is_read, frame = capture.retrieve()
                    if not is_read:
                        break
                    yield index, frame
                index += 1
        finally:
            capture.release()


def read_camera(name: str) -> Iterator[Tuple[int, np.ndarray]]:
    """Index and frame, shape (h, w, 3), BGR, until the camera ends.

    Args:
        name: 'camera:' and a number or a device, or the address of a stream.

    Raises:
        VideoError: If there is no such camera.
    """
    which = name[len(CAMERA):] if name.startswith(CAMERA) else name
    capture = cv2.VideoCapture(int(which) if which.isdigit() else which)
    index = 0
    try:
        while True:
            is_read, frame = capture.read()
            if not is_read:
                break
            yield index, frame
            index += 1
    finally:
        capture.release()
    if not index:
        raise VideoError(f'{name}: there is no such camera, or another '
                         'program uses it')
