# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Tuple

import cv2
import mmcv
import numpy as np
from mmengine.structures import InstanceData
from mmengine.visualization import Visualizer

from .contact_sheet import draw_people, fit_box, to_tile
from .errors import SURE
from .predictions import Predictions

LABEL, PREDICTION = (60, 200, 60), (60, 60, 230)  # rings, BGR


def draw_person(visualizer: Visualizer, people: Predictions, person: int,
                tile: Tuple[int, int]) -> np.ndarray:
    """Draw a person in their box, label left and prediction right.

    Args:
        visualizer: MMPose's.
        people: All of them.
        person: Which.
        tile: Size (w, h) of each half.

    Returns:
        Shape (h, 2 * w, 3), BGR.
    """
    sure = people.scores[person] >= SURE
    return draw_halves(visualizer, people, person, people.boxes[person], tile,
                       people.labelled[person] | sure)[0]


def draw_keypoint(visualizer: Visualizer, people: Predictions, person: int,
                  k: int, tile: Tuple[int, int]) -> np.ndarray:
    """Draw the surroundings of a keypoint as label (left, green ring) and as
    prediction (right, red ring); see draw_person."""
    points = [(people.keypoints[person, k], PREDICTION)]
    if people.labelled[person, k]:
        points.insert(0, (people.labels[person, k], LABEL))
    corners = np.array([point for point, _ in points])
    box = people.boxes[person]
    side = max(2 * np.ptp(corners, axis=0).max(),
               (box[2:] - box[:2]).max() / 3)
    middle = (corners.min(0) + corners.max(0)) / 2
    shown = people.labelled[person] | (people.scores[person] >= SURE)
    shown[k] = True
    pair, warp = draw_halves(
        visualizer, people, person,
        np.concatenate([middle - side / 2, middle + side / 2]), tile, shown)
    for point, colour in points:
        x, y = np.round(warp[:, :2] @ point + warp[:, 2]).astype(int)
        half = pair[:, tile[0]:] if colour == PREDICTION else pair[:, :tile[0]]
        half[:] = cv2.circle(half.copy(), (int(x), int(y)), 11, colour, 2,
                             cv2.LINE_AA)
    return pair


def draw_halves(visualizer: Visualizer, people: Predictions, person: int,
                box: np.ndarray, tile: Tuple[int, int],
                shown: np.ndarray) -> tuple:
    """Draw the same part of an image with label and with prediction.

    Args:
        box: The part, x1, y1, x2, y2 in pixels of the image.
        shown: Which predicted keypoints to draw, shape (K, ).

    Returns:
        Both halves side by side, and the warp (2, 3) from image to half.
    """
    image = mmcv.imread(people.paths[person])  # turned as EXIF says
    warp = fit_box(box, tile)
    crop = cv2.warpAffine(image, warp, tile, flags=cv2.INTER_LINEAR)
    labelled = people.labelled[person]
    guess = people.keypoints[person]
    shown = shown & np.isfinite(guess).all(1)
    halves = [
        draw_people(visualizer, crop,
                    to_tile(as_instance(points, mask), 'keypoints_visible',
                            warp), people.metainfo)
        for points, mask in ((people.labels[person], labelled),
                             (guess, shown))]
    return np.concatenate(halves, axis=1), warp


def as_instance(keypoints: np.ndarray, shown: np.ndarray) -> InstanceData:
    """A person of whom only some keypoints are drawn."""
    return InstanceData(
        keypoints=np.where(shown[:, None], keypoints, 0.)[None],
        keypoints_visible=shown[None].astype(float))
