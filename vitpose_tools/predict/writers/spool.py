# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Predictions of a source on disk, for formats that have to know all people
before they write the first row."""
from pathlib import Path
from typing import Iterator, List, Optional, Protocol, Sequence, Tuple

import numpy as np

from ..frame import Frame
from ..poses import Poses
from .place import Place, WritersError

# Frames of a part that is held in memory.
PART = 1024


class Spool:
    """Predictions of a video, or of all pictures, in order.

    Args:
        path: A file that is made.
        frame: The first.
        keypoints: Their number.

    Attributes:
        source: The video; '' of pictures.
        pictures: Their paths and (w, h).
        length: Rows: frames from 0 to the last that was seen, or pictures.
        ids: Track ids; where people are not followed, their places in the
            frames.
        followed: Whether all people have track ids.
        left_out: People without a track id among others who have one.
    """

    def __init__(self, path: Path, frame: Frame, keypoints: int) -> None:
        self.path = path
        self.source = '' if frame.index is None else frame.source
        self.pictures: List[Tuple[str, Tuple[int, int]]] = []
        self.length = 0
        self.ids: List[int] = []
        self.followed = True
        self.left_out = 0
        self.dtype = np.dtype([
            ('row', '<i8'), ('id', '<i8'),
            ('keypoints', '<f4', (keypoints, 2)),
            ('scores', '<f4', (keypoints, )), ('box_score', '<f4')])
        self.known = set()
        self.file = open(path, 'wb')

    def add(self, frame: Frame, poses: Poses) -> None:
        """Add the people of a frame.

        Raises:
            WritersError: If it is not later than the one before.
        """
        if frame.index is None:
            row = len(self.pictures)
            self.pictures.append((frame.source, frame.image.shape[1::-1]))
        else:
            row = frame.index
        if row < self.length:
            raise WritersError(f'{frame.source}: frame {row} came after frame '
                               f'{self.length - 1}; frames are written in '
                               'order')
        people = np.zeros(len(poses), self.dtype)
        people['row'] = row
        people['id'] = np.arange(len(poses))
        if poses.track_ids is not None:
            people['id'] = poses.track_ids
        elif len(poses):
            self.followed = False
        people['keypoints'] = poses.keypoints
        people['scores'] = poses.scores
        people['box_score'] = poses.box_scores
        lost = people['id'] < 0
        self.left_out += int(lost.sum())
        people = people[~lost]
        self.known.update(people['id'].tolist())
        self.length = row + 1
        self.file.write(people.tobytes())

    def complete(self) -> None:
        """Make what was added readable."""
        self.file.close()
        self.ids = sorted(self.known)

    def parts(self) -> Iterator[Tuple[int, int, np.ndarray]]:
        """Rows from ``start`` to ``stop`` and their people, in order."""
        people = np.empty(0, self.dtype) if not self.path.stat().st_size \
            else np.memmap(self.path, self.dtype, mode='r')
        rows = np.ascontiguousarray(people['row'])
        for start in range(0, self.length, PART):
            stop = min(start + PART, self.length)
            first, last = np.searchsorted(rows, (start, stop))
            yield start, stop, np.array(people[first:last])


class Finisher(Protocol):
    """Writes a format from the spool of a source."""

    def __init__(self, place: Place) -> None:
        """Raises MissingPackage if the format needs one."""

    def __call__(self, spool: Spool) -> None:
        """Write the file of a source."""


class SpoolWriter:
    """Collects each source, then has its files written.

    Args:
        place: Where.
        finishers: What writes them.
    """

    def __init__(self, place: Place, finishers: Sequence[Finisher]) -> None:
        self.place, self.finishers = place, finishers
        self.video: Optional[Spool] = None
        self.pictures: Optional[Spool] = None
        self.number = 0

    def write(self, frame: Frame, poses: Poses) -> None:
        if frame.index is None:
            if self.pictures is None:
                self.pictures = self.new(frame)
            self.pictures.add(frame, poses)
            return
        if self.video is not None and self.video.source != frame.source:
            done, self.video = self.video, None
            self.finish(done)
        if self.video is None:
            self.video = self.new(frame)
        self.video.add(frame, poses)

    def new(self, frame: Frame) -> Spool:
        self.number += 1
        return Spool(self.place.work / f'{self.number}.people', frame,
                     len(self.place.skeleton.names))

    def finish(self, spool: Spool) -> None:
        """Write the files of a source."""
        spool.complete()
        if spool.left_out:
            self.place.notes.append(
                f'{spool.source}: {spool.left_out} people without a track id '
                'are not in its DeepLabCut and SLEAP files')
        elif not spool.followed and len(spool.ids) > 1 and spool.source:
            self.place.notes.append(
                f'{spool.source}: people are not followed, so individual N '
                'of its DeepLabCut and SLEAP files is the N-th of each frame '
                'and not the same person; give boxes with track ids or a '
                'detector')
        for finisher in self.finishers:
            finisher(spool)
        spool.path.unlink()

    def close(self, complete: bool) -> None:
        for spool in (self.video, self.pictures):
            if spool is not None:
                self.finish(spool)
