# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Drawn bodies with the skeletons of five datasets: three of people, two of
animals. Left limbs are warm and banded, right ones cool and plain, on all."""
from dataclasses import replace
from typing import Dict, Tuple

import numpy as np

from vitpose_tools.synth.appearance import sample_appearance
from vitpose_tools.synth.background import draw_background
from vitpose_tools.synth.canvas import Canvas
from vitpose_tools.synth.human import BANDS, HUES, HUMAN_17, TONES
from vitpose_tools.synth.pose import sample_pose
from vitpose_tools.synth.skeleton import Hsv, Joint, Part, Skeleton, Stance

SIZE = 64  # of a crop, in pixels

PERSON = replace(HUMAN_17, joints=(
    *HUMAN_17.joints,
    Joint('head_top', 'head', (0, -.075, 0)),
    Joint('throat', 'neck', (0, -.04, -.005)),
    Joint('thorax', 'neck', (0, .03, 0))))


def animal(name: str, length: float, legs: float, girth: float,
           neck: float) -> Skeleton:
    """A body on four legs, of other proportions."""
    joints = [
        Joint('pelvis', None, (0, 0, 0), ((-6, 6), (-4, 4), (0, 0))),
        Joint('center', 'pelvis', (0, -.01, -length / 2)),
        Joint('chest', 'pelvis', (0, -.01, -length),
              ((-12, 12), (-8, 8), (0, 0))),
        Joint('neck', 'chest', (0, -.05, -.06),
              ((-30, 20), (-10, 10), (-30, 30))),
        Joint('head', 'neck', (0, -neck, -neck * .8),
              ((-30, 30), (-15, 15), (-30, 30))),
        Joint('nose', 'head', (0, .03, -.12)),
        Joint('tail_base', 'pelvis', (0, -.05, .08),
              ((-60, 50), (-20, 20), (0, 0))),
        Joint('tail', 'tail_base', (0, 0, .12)),
        Joint('tail_tip', 'tail_base', (0, 0, .24)),
    ]
    parts = [
        Part('pelvis', 'chest', (.095 * girth, .105 * girth), 'coat'),
        Part('chest', 'neck', (.08 * girth, .06 * girth), 'coat'),
        Part('neck', 'head', (.055, .055), 'coat'),
        Part('head', 'nose', (.058, .032), 'face'),
        Part('nose', 'nose', (.02, .02), 'dark'),
        Part('tail_base', 'tail_tip', (.022, .012), 'coat', .8),
    ]
    roles = dict(
        coat=Hsv((15, 50), (.1, .7), (.3, .9)),
        face=Hsv((15, 50), (.1, .6), (.4, .95)),
        dark=Hsv((0, 360), (.2, .5), (.05, .15)))
    pairs = []
    for side, sign in (('left', 1), ('right', -1)):
        tone, bands = TONES[side], BANDS[side]
        rows = [
            ('eye', 'head', (.045, -.02, -.035), ()),
            ('ear', 'head', (.045, -.075, .03), ()),
            ('shoulder', 'chest', (.07, .02, .01), ((-28, 28), (0, 8),
                                                    (0, 0))),
            ('elbow', 'left_shoulder', (0, .45 * legs, .02),
             ((0, 40), (0, 0), (0, 0))),
            ('front_paw', 'left_elbow', (0, .55 * legs, -.01), ()),
            ('hip', 'pelvis', (.065, .02, .02), ((-28, 28), (0, 8), (0, 0))),
            ('knee', 'left_hip', (0, .45 * legs, -.03),
             ((-40, 0), (0, 0), (0, 0))),
            ('hind_paw', 'left_knee', (0, .55 * legs, .03), ()),
        ]
        for kind, parent, (x, y, z), angles in rows:
            joints.append(Joint(
                f'{side}_{kind}', parent.replace('left', side),
                (sign * x, y, z), *([angles] if angles else [])))
        for start, end, radii, role in (
                ('shoulder', 'elbow', (.05, .036), 'front'),
                ('elbow', 'front_paw', (.034, .024), 'front'),
                ('hip', 'knee', (.06, .042), 'hind'),
                ('knee', 'hind_paw', (.038, .024), 'hind')):
            parts.append(Part(f'{side}_{start}', f'{side}_{end}', radii,
                              f'{side}_{role}', tone, bands))
        parts.append(Part(f'{side}_eye', f'{side}_eye', (.016, .016),
                          'dark'))
        parts.append(Part(f'{side}_ear', f'{side}_ear', (.026, .026),
                          'face', .7))
        for role in ('front', 'hind'):
            roles[f'{side}_{role}'] = Hsv(HUES[side], (.4, .85), (.35, .75))
        if side == 'left':
            pairs = [(f'left_{row[0]}', f'right_{row[0]}') for row in rows]
    return Skeleton(
        name=name, keypoints=(), bones=(), pairs=tuple(pairs), sigmas=(),
        joints=tuple(joints), parts=tuple(parts), roles=roles,
        stances=(Stance(1., {}), ),
        views=((.42, (50, 130)), (.42, (-130, -50)), (.16, (-50, 50))))


AP10K = animal('dog', .4, .36, .9, .13)
ATRW = animal('tiger', .52, .28, 1.1, .09)


def sided(*rows: str) -> Tuple[str, ...]:
    """Joints of limbs, the right ones first."""
    return tuple(f'{side}_{row}' for side in ('right', 'left')
                 for row in rows)


ARM, LEG = ('shoulder', 'elbow', 'wrist'), ('hip', 'knee', 'ankle')
# dataset_name to the body and, in the order of its metainfo, the joints.
BODIES: Dict[str, Tuple[Skeleton, Tuple[str, ...]]] = dict(
    coco=(PERSON, HUMAN_17.keypoints),
    aic=(PERSON, (*sided(*ARM), *sided(*LEG), 'head_top', 'throat')),
    mpii=(PERSON, (
        'right_ankle', 'right_knee', 'right_hip', 'left_hip', 'left_knee',
        'left_ankle', 'pelvis', 'thorax', 'throat', 'head_top',
        'right_wrist', 'right_elbow', 'right_shoulder', 'left_shoulder',
        'left_elbow', 'left_wrist')),
    ap10k=(AP10K, (
        'left_eye', 'right_eye', 'nose', 'neck', 'tail_base',
        'left_shoulder', 'left_elbow', 'left_front_paw', 'right_shoulder',
        'right_elbow', 'right_front_paw', 'left_hip', 'left_knee',
        'left_hind_paw', 'right_hip', 'right_knee', 'right_hind_paw')),
    atrw=(ATRW, (
        'left_ear', 'right_ear', 'nose', 'right_shoulder', 'right_front_paw',
        'left_shoulder', 'left_front_paw', 'right_hip', 'right_knee',
        'right_hind_paw', 'left_hip', 'left_knee', 'left_hind_paw', 'tail',
        'center')))


def draw(task: Tuple[str, int, int]) -> Tuple[np.ndarray, np.ndarray]:
    """Draw one crop.

    Args:
        task: dataset_name, seed and number.

    Returns:
        BGR bytes (SIZE, SIZE, 3), and keypoints (K, 3): x, y in pixels of the
        crop, and whether they are in it.
    """
    dataset, seed, number = task
    body, names = BODIES[dataset]
    rng = np.random.default_rng(
        (seed, number, list(BODIES).index(dataset)))
    joints = sample_pose(body, rng)
    low, high = joints[:, :2].min(0), joints[:, :2].max(0)
    scale = SIZE / (high - low).max() * rng.uniform(.68, .88)
    joints = joints * scale
    joints[:, :2] += SIZE / 2 - (low + high) / 2 * scale + rng.uniform(
        -.06, .06, 2) * SIZE
    light = np.array([rng.uniform(-.6, .6), rng.uniform(-.8, 0), -1])
    canvas = Canvas(draw_background((SIZE, SIZE), rng),
                    light / np.linalg.norm(light))
    canvas.draw_body(body, joints, scale, sample_appearance(body, rng), 1)
    image = canvas.image * rng.uniform(.8, 1.15) + rng.uniform(
        1, 6) * rng.standard_normal((SIZE, SIZE, 1), np.float32)
    points = joints[[body.joint_index[name] for name in names], :2]
    inside = ((points >= 0) & (points <= SIZE - 1)).all(1, keepdims=True)
    return (np.clip(image, 0, 255).astype(np.uint8),
            np.hstack((points, inside)).astype(np.float32))
