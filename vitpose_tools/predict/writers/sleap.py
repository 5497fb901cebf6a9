# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""SLEAP's projects of predicted instances, through sleap-io."""
from pathlib import Path
from typing import Any, Dict, List, Sequence

import numpy as np

from vitpose_tools.extras import need
from .coco import mean_score
from .place import Place
from .spool import Spool

PURPOSE = '.slp files are written'


class Slp:
    """VIDEO.predictions.slp of each video; images.predictions.slp of all
    pictures, as a video of those of each size.

    Args:
        place: Where.

    Raises:
        MissingPackage: If sleap-io is not installed.
    """

    def __init__(self, place: Place) -> None:
        self.place = place
        self.io = need('sleap_io', PURPOSE)

    def __call__(self, spool: Spool) -> None:
        skeleton = make_skeleton(self.io, self.place.skeleton.names,
                                 self.place.skeleton.links)
        tracks = {one: self.io.Track(f'track_{one}') for one in spool.ids
                  } if spool.followed and spool.source else {}
        place_of = self.videos(spool)
        frames: Dict[int, List[Any]] = {}
        for _, _, people in spool.parts():
            for person in people:
                scores = person['scores']
                frames.setdefault(int(person['row']), []).append(
                    self.io.PredictedInstance.from_numpy(
                        person['keypoints'].astype(float), skeleton,
                        np.nan_to_num(scores, nan=0.).astype(float),
                        mean_score(scores),
                        track=tracks.get(int(person['id']))))
        labels = self.io.Labels(
            [self.io.LabeledFrame(*place_of(row), instances)
             for row, instances in frames.items()],
            videos=list(dict.fromkeys(
                place_of(row)[0] for row in range(spool.length)
            )) if spool.pictures else [place_of(0)[0]],
            skeletons=[skeleton], tracks=list(tracks.values()))
        partial = self.place.work / 'labels.slp'
        labels.save(str(partial), verbose=False)
        self.place.finish(partial, self.place.free_name(
            spool.source or 'images', '.predictions.slp'))

    def videos(self, spool: Spool) -> Any:
        """What tells the video and frame of a row."""
        if spool.source:
            video = self.io.Video(absolute(spool.source), open_backend=False)
            return lambda row: (video, row)
        sizes: Dict[tuple, List[str]] = {}
        rows = []
        for name, size in spool.pictures:
            files = sizes.setdefault(size, [])
            rows.append((size, len(files)))
            files.append(absolute(name))
        videos = {size: self.io.Video(files, open_backend=False)
                  for size, files in sizes.items()}
        return lambda row: (videos[rows[row][0]], rows[row][1])


def absolute(source: str) -> str:
    """Full path of a file; an address or camera as it is."""
    return str(Path(source).resolve()) if Path(source).is_file() else source


def make_skeleton(sleap_io: Any, names: Sequence[str],
                  links: Sequence[tuple]) -> Any:
    """A skeleton of sleap-io.

    Args:
        names: Of the keypoints, K of them.
        links: Pairs of indices of keypoints, from 0.
    """
    return sleap_io.Skeleton(
        nodes=list(names), edges=[(names[a], names[b]) for a, b in links])


def write_start_labels(path: Path, names: Sequence[str],
                       links: Sequence[tuple], keypoints: np.ndarray,
                       scores: np.ndarray, video: Path,
                       frames: Sequence[int]) -> None:
    """Write a project of one animal that opens the video itself, to be
    corrected.

    Args:
        path: Of the .slp file.
        names: Of the keypoints, K of them.
        links: Pairs of indices of keypoints, from 0.
        keypoints: x, y in pixels, shape (F, K, 2).
        scores: Confidence, shape (F, K).
        video: The file, which is not copied.
        frames: Index of each of F frames in it.

    Raises:
        MissingPackage: If sleap-io is not installed.
    """
    sleap_io = need('sleap_io', PURPOSE)
    skeleton = make_skeleton(sleap_io, names, links)
    source = sleap_io.Video.from_filename(str(video.resolve()))
    labels = sleap_io.Labels([
        sleap_io.LabeledFrame(
            video=source, frame_idx=int(frame),
            instances=[sleap_io.PredictedInstance.from_numpy(
                points, skeleton, np.nan_to_num(row, nan=0.),
                mean_score(row))])
        for frame, points, row in zip(frames, keypoints, scores)])
    labels.save(str(path), verbose=False)
