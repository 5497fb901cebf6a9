# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from dataclasses import dataclass
from typing import List, Optional, Tuple

import cv2
import numpy as np

from .appearance import Appearance, sample_appearance
from .background import draw_background
from .canvas import Canvas
from .hardship import blur, occlude, shrink
from .pose import sample_pose
from .skeleton import Skeleton

LONG_SIDE, SHORT_SIDE = 320, 240
PORTRAIT_CHANCE = .25
PEOPLE_WEIGHTS = (.5, .35, .12, .03)  # of 1, 2, 3 and 4 people
# Pixels per body length, as a fraction of the image's height.
MIN_SCALE, MAX_SCALE = .5, 1.0
# More people than this are smaller, so that they have room.
ROOM_FOR = 4
TRUNCATION_CHANCE = .05
# A place is redrawn while a body covers more of another than this.
MAX_OVERLAP = .15
PLACE_TRIES = 8
# Bodies that show fewer pixels are no annotation: they are hidden.
MIN_AREA = 32


@dataclass
class Body:
    """One sampled body: joints (x, y, z) in pixels, (num_joints, 3), pixels
    per body length, and look."""
    joints: np.ndarray
    scale: float
    look: Appearance

    def box(self) -> np.ndarray:
        """(left, top, right, bottom) of the joints in pixels."""
        points = self.joints[:, :2]
        return np.concatenate([points.min(0), points.max(0)])


def _overlap(a: np.ndarray, b: np.ndarray) -> float:
    """Shared area of two boxes over the area of the smaller one."""
    shared = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
    smaller = min(np.prod(a[2:] - a[:2]), np.prod(b[2:] - b[:2]))
    return float(np.prod(np.maximum(shared, 0)) / smaller)


def _place(body: Body, others: List[Body], size: Tuple[int, int],
           rng: np.random.Generator) -> None:
    """Move a body into the image (w, h), beside the others if possible."""
    size = np.array(size)
    truncated = rng.random() < TRUNCATION_CHANCE
    box = body.box()
    half = (box[2:] - box[:2]) / 2
    margin = 0 if truncated else np.minimum(half + .06 * body.scale, size / 2)
    shifts = rng.uniform(margin, size - margin, (PLACE_TRIES, 2)) - (
        box[:2] + half)
    worst = [
        max((_overlap(box + np.tile(shift, 2), other.box())
             for other in others),
            default=0) for shift in shifts
    ]
    fits = np.flatnonzero(np.array(worst) <= MAX_OVERLAP)
    best = fits[0] if len(fits) else int(np.argmin(worst))
    body.joints[:, :2] += shifts[best]


def sample_bodies(skeleton: Skeleton,
                  size: Tuple[int, int],
                  rng: np.random.Generator,
                  people: Optional[int] = None) -> List[Body]:
    """Draw poses, looks and places of the bodies of one image, far to near.

    Args:
        skeleton (Skeleton): The kind of body.
        size (tuple[int, int]): (w, h) of the image in pixels.
        rng (np.random.Generator): Source of randomness.
        people (int): Number of bodies; drawn by default.
    """
    count = people or 1 + rng.choice(len(PEOPLE_WEIGHTS), p=PEOPLE_WEIGHTS)
    largest = MAX_SCALE * (1 - .13 * (min(count, ROOM_FOR) - 1))
    scales = size[1] * np.exp(
        rng.uniform(np.log(MIN_SCALE), np.log(largest), count))
    scales *= min(1, (ROOM_FOR / count)**.5)
    bodies = []
    # Small bodies are far. A gap of four lengths keeps bodies apart in depth.
    depth = 4 * scales.sum()
    for scale in np.sort(scales):
        joints = sample_pose(skeleton, rng) * scale
        joints[:, 2] += depth
        depth -= 4 * scale
        body = Body(joints, scale, sample_appearance(skeleton, rng))
        _place(body, bodies, size, rng)
        bodies.append(body)
    return bodies


def annotate(skeleton: Skeleton, body: Body, number: int,
             canvas: Canvas) -> dict:
    """Measure one body on the finished canvas.

    Returns:
        dict: ``area``, ``bbox``, ``keypoints`` and ``num_keypoints`` as COCO
        defines them, in pixels; empty if the body is all but hidden.
    """
    mask = canvas.owner == number
    area = int(mask.sum())
    if area < MIN_AREA:
        return {}
    height, width = mask.shape
    rows = skeleton.keypoint_rows
    points = np.round(body.joints[rows], 2)
    inside = np.all(
        (points[:, :2] >= 0) & (points[:, :2] <= (width - 1, height - 1)), 1)
    flesh = skeleton.joint_radii[rows] * body.scale * body.look.girth
    keypoints = np.zeros((len(rows), 3))
    keypoints[inside, :2] = points[inside, :2]
    keypoints[inside, 2] = 1 + canvas.sees(points[inside], flesh[inside])
    return dict(
        area=area,
        bbox=[float(v) for v in cv2.boundingRect(mask.astype(np.uint8))],
        keypoints=keypoints.ravel().tolist(),
        num_keypoints=int(inside.sum()))


def draw_scene(skeleton: Skeleton,
               seed: int,
               index: int,
               people: Optional[int] = None,
               hard: bool = False) -> Tuple[np.ndarray, List[dict]]:
    """Draw one image of a dataset.

    Args:
        skeleton (Skeleton): The kind of body.
        seed (int): Seed of the dataset.
        index (int): Number of the image; with the seed it fixes all of it.
        people (int): Number of bodies; drawn by default.
        hard (bool): Things in front of bodies, blur, half of the pixels on
            each side.

    Returns:
        tuple: The image, BGR bytes of shape (h, w, 3), and what
        :func:`annotate` measured of each body that can be seen.
    """
    rng = np.random.default_rng((seed, index))
    size = (LONG_SIDE, SHORT_SIDE)
    if rng.random() < PORTRAIT_CHANCE:
        size = (SHORT_SIDE, LONG_SIDE)
    light = np.array([rng.uniform(-.6, .6), rng.uniform(-.8, 0), -1])
    canvas = Canvas(draw_background(size, rng), light / np.linalg.norm(light))
    bodies = sample_bodies(skeleton, size, rng, people)
    for number, body in enumerate(bodies, 1):
        canvas.draw_body(skeleton, body.joints, body.scale, body.look, number)
        if hard:
            occlude(canvas, body.joints, body.scale, rng)
    annotations = [
        annotate(skeleton, body, number, canvas)
        for number, body in enumerate(bodies, 1)
    ]
    annotations = [found for found in annotations if found]
    image = canvas.image
    if hard:
        image, annotations = shrink(blur(image, rng), annotations)
    grain = rng.standard_normal((*image.shape[:2], 1), np.float32)
    image = image * rng.uniform(.8, 1.15) + rng.uniform(1, 6) * grain
    return np.clip(image, 0, 255).astype(np.uint8), annotations
