# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""COCO keypoints: results, and labels to start from."""
import json
from typing import Any, Dict, List, Sequence

import numpy as np

from ..frame import Frame
from ..poses import Poses
from .place import Place
from .stream import Stream

# Below it a keypoint does not count for the score of a person, as in
# MMPose's CocoMetric.
SURE = 0.2


class CocoWriter:
    """predictions.json, a list of results, and images.json, what they are
    of; ``COCO('images.json').loadRes('predictions.json')`` reads both.

    Args:
        place: Where.
    """

    def __init__(self, place: Place) -> None:
        self.place = place
        self.seen = 0
        self.results = Stream(place, 'predictions.json', '[')
        self.images = Stream(place, 'images.json', '{"images": [')

    def write(self, frame: Frame, poses: Poses) -> None:
        self.seen += 1
        image_id = self.place.image_id(frame)
        if image_id is None:
            image_id = self.seen
        height, width = frame.image.shape[:2]
        image = dict(id=image_id, file_name=frame.source, width=width,
                     height=height)
        if frame.index is not None:
            image['frame_index'] = frame.index
        self.images.add([image])
        self.results.add(entries(poses, image_id))

    def close(self, complete: bool) -> None:
        about = dict(info={}, annotations=[],
                     categories=categories(self.place.skeleton.names,
                                           self.place.skeleton.links))
        self.results.close(']')
        self.images.close('], ' + dumps(about)[1:])


def dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def entries(poses: Poses, image_id: int) -> List[Dict[str, Any]]:
    """Results of COCO's form.

    Args:
        poses: Keypoints that are NaN become (0, 0) of score 0.
        image_id: Of the image.

    Returns:
        Of each person 'image_id', 'category_id' (1), 'keypoints' (x, y in
        image pixels and score, K times), 'bbox' (x, y, w, h), 'score' (the
        box's times the mean of the keypoints' above SURE, as MMPose's
        CocoMetric has it), and 'track_id' if there is one.
    """
    found = []
    for person in range(len(poses)):
        points = np.column_stack(
            [poses.keypoints[person], poses.scores[person]]).astype(float)
        points[~np.isfinite(points).all(1)] = 0.
        sure = points[points[:, 2] > SURE, 2]
        score = float(poses.box_scores[person])
        x1, y1, x2, y2 = map(float, poses.boxes[person])
        entry = dict(
            image_id=image_id, category_id=1,
            keypoints=[round(value, 4) for value in points.ravel().tolist()],
            bbox=[round(value, 3) for value in (x1, y1, x2 - x1, y2 - y1)],
            score=(score if np.isfinite(score) else 0.) * float(
                sure.mean() if sure.size else 0.))
        if poses.track_ids is not None:
            entry['track_id'] = int(poses.track_ids[person])
        found.append(entry)
    return found


def categories(names: Sequence[str], links: Sequence[tuple],
               name: str = 'person') -> List[Dict[str, Any]]:
    """The list of the one category."""
    return [dict(id=1, name=name, keypoints=list(names),
                 skeleton=[[a + 1, b + 1] for a, b in links])]


def start_labels(names: Sequence[str], links: Sequence[tuple],
                 files: Sequence[str], keypoints: np.ndarray,
                 scores: np.ndarray, boxes: np.ndarray, size: tuple,
                 video: str, frames: Sequence[int]) -> Dict[str, Any]:
    """A COCO annotation file, one animal on each picture, to be corrected.

    Args:
        names: Of the keypoints, K of them.
        links: Pairs of indices of keypoints, from 0.
        files: Path of each picture, with '/', F of them.
        keypoints: x, y in pixels, shape (F, K, 2); NaN is not labelled
            (v = 0).
        scores: Confidence, shape (F, K).
        boxes: x1, y1, x2, y2 in pixels, shape (F, 4).
        size: Of a picture, (w, h).
        video: Name of the video.
        frames: Index of each picture in it.
    """
    images, annotations = [], []
    for row, file in enumerate(files):
        x1, y1, x2, y2 = map(float, boxes[row])
        known = np.isfinite(keypoints[row]).all(1)
        images.append(dict(
            id=row + 1, file_name=file, width=size[0], height=size[1],
            video=video, frame_index=int(frames[row])))
        annotations.append(dict(
            id=row + 1, image_id=row + 1, category_id=1,
            bbox=[x1, y1, x2 - x1, y2 - y1], area=(x2 - x1) * (y2 - y1),
            iscrowd=0, num_keypoints=int(known.sum()),
            keypoints=[
                value for (x, y), is_known in zip(keypoints[row], known)
                for value in ((round(float(x), 3), round(float(y), 3), 2)
                              if is_known else (0, 0, 0))],
            score=mean_score(scores[row])))
    return dict(images=images, annotations=annotations,
                categories=categories(names, links, 'animal'))


def mean_score(scores: np.ndarray) -> float:
    """Mean of the known confidences, 0 without one."""
    known = scores[np.isfinite(scores)]
    return round(float(known.mean()), 4) if len(known) else 0.
