# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Any, Dict, Optional

import numpy as np

from vitpose_tools.extras import need
from .frame import Boxes, FindBoxes, Frame

# Of the score that a new person needs, what somebody known needs: ByteTrack
# follows people through low scores.
LOW = 1 / 3
# Seconds between the two looks at a new person; see Tracker.update.
AGAIN = 1e-6
# Frames per second of a video that states none.
FPS = 30.


class Follow:
    """Looks for boxes in every n-th frame of a video, follows them by
    ByteTrack of the package ``trackers``, and moves them on in the frames
    between. Pictures are looked at one by one.

    Args:
        find: Finds boxes in a frame.
        every: Frames from one look to the next.
        min_score: Boxes of less score begin no track; those of a third of it
            continue one.

    Raises:
        ValueError: If ``every`` is below 1.
        MissingPackage: If ``trackers`` is not installed and frames are left
            out.
    """

    def __init__(self, find: FindBoxes, every: int = 1,
                 min_score: float = 0.3) -> None:
        if every < 1:
            raise ValueError('a detector looks at every n-th frame, and n is '
                             f'at least 1, not {every}')
        if every > 1:
            Tracker.package()
        self.find, self.every, self.min_score = find, every, min_score
        self.source: Optional[str] = None
        self.tracker: Optional[Tracker] = None
        self.looked = 0

    def __call__(self, frame: Frame) -> Boxes:
        """Boxes of a frame; of a video, with track ids, from 0 in each.

        Raises:
            MissingPackage: If ``trackers`` is not installed.
        """
        if frame.index is None:
            boxes = self.find(frame)
            sure = boxes.scores >= self.min_score
            return Boxes(boxes.xyxy[sure], boxes.scores[sure])
        if frame.source != self.source or self.tracker is None:
            self.source = frame.source
            self.tracker = Tracker(frame.fps or FPS, self.min_score)
            self.looked = frame.index - self.every
        if frame.index - self.looked < self.every:
            return self.tracker.predict(frame.index, frame.image.shape[1::-1])
        self.looked = frame.index
        return self.tracker.update(self.find(frame), frame.index)


class Tracker:
    """Gives ids to the boxes of a video.

    Args:
        fps: Frames per second.
        min_score: See Follow.

    Raises:
        MissingPackage: If ``trackers`` is not installed.
    """

    def __init__(self, fps: float, min_score: float) -> None:
        self.fps, self.min_score = fps, min_score
        self.byte_track = self.package().ByteTrackTracker(
            frame_rate=fps, track_activation_threshold=min_score,
            high_conf_det_threshold=min_score)
        self.boxes = Boxes(np.zeros((0, 4), np.float32),
                           np.zeros(0, np.float32), np.zeros(0, int))
        # Pixels per frame of each box.
        self.speeds = np.zeros((0, 4))
        self.index = 0

    @staticmethod
    def package() -> Any:
        """The package ``trackers``."""
        need('supervision', 'People are followed')
        return need('trackers', 'People are followed')

    def update(self, found: Boxes, index: int) -> Boxes:
        """Give ids to the boxes that were found in a frame.

        Args:
            found: In image pixels.
            index: Of the frame, above that of the update before.
        """
        import supervision
        near = found.scores >= self.min_score * LOW
        detections = supervision.Detections(
            xyxy=np.asarray(found.xyxy[near], np.float32),
            confidence=np.asarray(found.scores[near], np.float32))
        seconds = index / self.fps
        tracked = self.byte_track.update(detections, timestamp=seconds)
        # ByteTrack gives an id to who was found twice. Frames are too far
        # apart to wait for that, so new people are shown to it once more.
        new = (tracked.tracker_id < 0) & (
            tracked.confidence >= self.min_score) if len(tracked) else []
        known = tracked
        if np.any(new):
            known = supervision.Detections.merge([
                tracked[~new], self.byte_track.update(
                    tracked[new], timestamp=seconds + AGAIN)])
        known = known[known.tracker_id >= 0]
        order = np.argsort(known.tracker_id)
        boxes = Boxes(known.xyxy[order], known.confidence[order],
                      known.tracker_id[order])
        self.speeds = self.measure(boxes, index)
        self.boxes, self.index = boxes, index
        return boxes

    def measure(self, boxes: Boxes, index: int) -> np.ndarray:
        """Pixels per frame of the corners since the update before; 0 of who
        is new, shape (N, 4)."""
        before: Dict[int, np.ndarray] = dict(
            zip(self.boxes.track_ids.tolist(), self.boxes.xyxy))
        passed = max(index - self.index, 1)
        return np.array([
            (box - before.get(one, box)) / passed for one, box in
            zip(boxes.track_ids.tolist(), boxes.xyxy)]).reshape(-1, 4)

    def predict(self, index: int, size: tuple) -> Boxes:
        """Move the boxes of the last update on to a later frame; who leaves
        the image of ``size`` (w, h) is left out."""
        xyxy = self.boxes.xyxy + self.speeds * (index - self.index)
        inside = ((xyxy[:, 2:] > 0) & (xyxy[:, :2] < size)
                  & (xyxy[:, 2:] > xyxy[:, :2])).all(1)
        return Boxes(xyxy[inside].astype(np.float32),
                     self.boxes.scores[inside], self.boxes.track_ids[inside])
