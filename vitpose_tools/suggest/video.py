# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Dict, Iterator, List, Optional, Sequence, Tuple

import cv2
import numpy as np
import torch
from mmengine.dataset import Compose, pseudo_collate
from torch import nn


class VideoError(ValueError):
    """A video, or its boxes, cannot be used; the message says why."""


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


class Video:
    """Frames of a video file, read from the first to the last: what OpenCV
    finds by an index is not always that frame.

    Args:
        path: Of the file.

    Raises:
        VideoError: If it is no video.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.is_file():
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

    def read(self, wanted: Callable[[int], bool]) -> Iterator[tuple]:
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


def track(model: nn.Module, video: Video, every: int,
          boxes: Optional[Dict[int, Sequence[float]]], batch_size: int,
          on_frames: Callable[[], None] = lambda: None) -> Tracks:
    """Find the keypoints of one animal in the frames of a video.

    Args:
        model: Top-down estimator of init_model.
        video: Its frames.
        every: Look at each so-manieth frame.
        boxes: x1, y1, x2, y2 of frames by index; frames without one are left
            out. None is the whole frame.
        batch_size: Frames at a time.
        on_frames: Called after each frame.

    Raises:
        VideoError: If there is no frame with a box.
    """
    pipeline = Compose(model.cfg.test_dataloader.dataset.pipeline)
    w, h = video.size

    def wanted(index: int) -> bool:
        return index % every == 0 and (boxes is None or index in boxes)

    indices: List[int] = []
    results: list = []
    batch: List[dict] = []

    def flush() -> None:
        with torch.no_grad():
            results.extend(sample.cpu().pred_instances for sample in
                           model.test_step(pseudo_collate(batch)))
        batch.clear()

    for index, frame in video.read(wanted):
        box = (0, 0, w, h) if boxes is None else boxes[index]
        indices.append(index)
        batch.append(pipeline(dict(
            model.dataset_meta, img=frame, bbox=np.array([box], np.float32),
            bbox_score=np.ones(1, np.float32))))
        if len(batch) == batch_size:
            flush()
        on_frames()
    if batch:
        flush()
    if not indices:
        raise VideoError(f'no frame of {video.path} has a box')
    return Tracks(
        frames=np.array(indices),
        keypoints=np.array([np.asarray(one.keypoints)[0, :, :2]
                            for one in results], float),
        scores=np.array([np.asarray(one.keypoint_scores)[0]
                         for one in results], float),
        boxes=np.array([np.asarray(one.bboxes)[0] for one in results], float),
        fps=video.fps,
        size=video.size)
