# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Any, Callable, Dict, List, NamedTuple, Optional

import numpy as np

from vitpose_tools.predict.draw import draw
from vitpose_tools.predict.poses import Poses
from vitpose_tools.predict.predictor import Predictor

OpenPredictor = Callable[[Optional[str]], Predictor]


class View(NamedTuple):
    """What the page shows of a picture.

    Args:
        picture: With the people drawn, RGB, shape (h, w, 3).
        people: One dict for each, see describe.
        text: What was found, in a sentence.
    """

    picture: np.ndarray
    people: List[Dict[str, Any]]
    text: str


class Viewer:
    """Answers the page: a picture in, people out.

    Args:
        open_predictor: Opens the model for a dataset, or None for its own;
            each is opened when it is first asked for, and kept.
        datasets: Of a joint model; empty where there is no choice.
    """

    def __init__(self, open_predictor: OpenPredictor,
                 datasets: List[str]) -> None:
        self.open_predictor = open_predictor
        self.datasets = datasets
        self.predictors: Dict[Optional[str], Predictor] = {}

    def predictor(self, dataset: Optional[str]) -> Predictor:
        """The model for a dataset."""
        dataset = dataset or None
        if dataset not in self.predictors:
            self.predictors[dataset] = self.open_predictor(dataset)
        return self.predictors[dataset]

    def __call__(self, picture: np.ndarray, dataset: Optional[str],
                 min_score: float) -> View:
        """Find the people of a picture.

        Args:
            picture: RGB, shape (h, w, 3), uint8.
            dataset: Of ``datasets``, or None.
            min_score: Keypoints of less score are not drawn, and said to be
                not seen.

        Raises:
            PredictError: If the picture or the model cannot be used.
        """
        image = np.ascontiguousarray(picture[..., ::-1])
        poses = self.predictor(dataset)(image)
        people = describe(poses, min_score)
        seen = sum(each['seen'] for person in people
                   for each in person['keypoints'])
        text = f'{len(people)} found, with {seen} keypoints of at least ' \
            f'{min_score:.2f}.' if people else 'Nobody was found.'
        drawn = draw(image, poses, min_score)
        return View(np.ascontiguousarray(drawn[..., ::-1]), people, text)


def describe(poses: Poses, min_score: float) -> List[Dict[str, Any]]:
    """People as plain values: 'box' (x1, y1, x2, y2) and 'keypoints' with
    'name', 'x', 'y' in image pixels, 'score' and 'seen'."""
    return [
        dict(
            box=[round(float(value), 1) for value in poses.boxes[person]],
            keypoints=[
                dict(name=name, x=round(float(x), 2), y=round(float(y), 2),
                     score=round(float(score), 4),
                     seen=bool(score >= min_score))
                for name, (x, y), score in zip(
                    poses.skeleton.names, poses.keypoints[person],
                    poses.scores[person])
            ]) for person in range(len(poses))
    ]
