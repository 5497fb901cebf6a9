# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""SLEAP's projects of predicted instances, through sleap-io."""
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

import numpy as np

from vitpose_tools.extras import need
from .coco import mean_score
from .place import Place
from .spool import Spool

PURPOSE = '.slp files are written'
# Video of sleap-io and index in it, of a row.
PlaceOf = Callable[[int], Optional[Tuple[Any, int]]]


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
        videos, place_of = self.videos(spool)
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
             for row, instances in frames.items() if place_of(row)],
            videos=videos, skeletons=[skeleton], tracks=list(tracks.values()))
        partial = self.place.work / 'labels.slp'
        labels.save(str(partial), verbose=False)
        self.place.finish(partial, self.place.free_name(
            spool.source or 'images', '.predictions.slp'))

    def videos(self, spool: Spool) -> Tuple[List[Any], PlaceOf]:
        """Videos, and what tells the video and frame of a row; None of a
        picture that is no file, which SLEAP cannot open."""
        if spool.source:
            name = spool.source
            video = self.io.Video.from_filename(str(Path(name).resolve())) \
                if Path(name).is_file() else \
                self.io.Video(name, open_backend=False)
            return [video], lambda row: (video, row)
        sizes: Dict[tuple, List[str]] = {}
        places: Dict[int, Tuple[tuple, int]] = {}
        for row, (name, size) in enumerate(spool.pictures):
            if Path(name).is_file():
                files = sizes.setdefault(size, [])
                places[row] = size, len(files)
                files.append(str(Path(name).resolve()))
        if len(places) < len(spool.pictures):
            self.place.notes.append(
                f'{len(spool.pictures) - len(places)} pictures that are no '
                'files are not in images.predictions.slp')
        videos = {size: self.io.Video.from_filename(files)
                  for size, files in sizes.items()}

        def place_of(row: int) -> Optional[Tuple[Any, int]]:
            if row not in places:
                return None
            size, index = places[row]
            return videos[size], index

        return list(videos.values()), place_of


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
