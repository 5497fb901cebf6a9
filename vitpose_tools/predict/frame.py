# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import NamedTuple, Optional, Protocol

import numpy as np


class Frame(NamedTuple):
    """A picture, or a frame of a video.

    Args:
        image: BGR, shape (h, w, 3), uint8.
        source: File, address or camera.
        index: In a video, from 0; None of a picture.
        fps: Frames per second of the video; None of a picture.
    """

    image: np.ndarray
    source: str
    index: Optional[int] = None
    fps: Optional[float] = None


class Boxes(NamedTuple):
    """Where N people are looked for in a frame.

    Args:
        xyxy: x1, y1, x2, y2 in image pixels, shape (N, 4), float32.
        scores: Shape (N,).
        track_ids: Shape (N,), int; None where nobody is followed.
    """

    xyxy: np.ndarray
    scores: np.ndarray
    track_ids: Optional[np.ndarray] = None


class FindBoxes(Protocol):
    """Boxes of a file, of the whole image, or of a detector with a tracker.

    Called with the frames of each source in order.
    """

    def __call__(self, frame: Frame) -> Boxes:
        """Boxes of the people of a frame, perhaps none."""
