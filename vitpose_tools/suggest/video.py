# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from dataclasses import dataclass
from typing import Callable, Dict, Iterator, Optional, Sequence, Tuple

import numpy as np

from vitpose_tools.predict.frame import Boxes, Frame
from vitpose_tools.predict.network import Network
from vitpose_tools.predict.stream import stream_topdown
from vitpose_tools.predict.videos import Video, VideoError


@dataclass(frozen=True)
class Tracks:
    """What a model says of one animal in T frames, in pixels of the frame.

    Args:
        frames: Index of each frame in the video, from 0, (T, ).
        keypoints: x, y, (T, K, 2).
        scores: Confidence, (T, K).
        boxes: x1, y1, x2, y2, (T, 4).
        fps: Frames of the video in a second.
        size: Of a frame, (w, h).
    """

    frames: np.ndarray
    keypoints: np.ndarray
    scores: np.ndarray
    boxes: np.ndarray
    fps: float
    size: Tuple[int, int]


def track(network: Network, video: Video, every: int,
          boxes: Optional[Dict[int, Sequence[float]]], batch_size: int,
          on_frame: Callable[[], None] = lambda: None) -> Tracks:
    """Find the keypoints of one animal in the frames of a video.

    Args:
        network: Of a top-down model.
        video: Its frames.
        every: Look at each so-manieth frame.
        boxes: x1, y1, x2, y2 of frames by index; frames without one are left
            out. None is the whole frame.
        batch_size: Frames at a time.
        on_frame: Called after each frame.

    Raises:
        VideoError: If there is no frame with a box.
    """

    def wanted(index: int) -> bool:
        return index % every == 0 and (boxes is None or index in boxes)

    def frames() -> Iterator[Frame]:
        for index, image in video.read(wanted):
            yield Frame(image, str(video.path), index, video.fps)

    def find_box(frame: Frame) -> Boxes:
        box = (0, 0, *video.size) if boxes is None else boxes[frame.index]
        return Boxes(np.array([box], np.float32), np.ones(1, np.float32))

    found = []
    for _, poses in stream_topdown(frames(), find_box, network, batch_size):
        poses.image = None
        found.append(poses)
        on_frame()
    if not found:
        raise VideoError(f'no frame of {video.path} has a box')
    return Tracks(
        frames=np.array([poses.frame for poses in found]),
        keypoints=np.array([poses.keypoints[0] for poses in found], float),
        scores=np.array([poses.scores[0] for poses in found], float),
        boxes=np.array([poses.boxes[0] for poses in found], float),
        fps=video.fps,
        size=video.size)
