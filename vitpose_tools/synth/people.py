# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Other people than HUMAN_17, and other keypoints on them.

The keypoints of AI Challenger (14) and MPII (16), in their order, and a whole
body of 40. Each kind has its own build, clothes, poses and views; the sides
look as everywhere: left limbs warm and banded, right ones cool and plain.
"""
from dataclasses import replace
from typing import Sequence, Tuple

from .human import HUMAN_17, JOINTS, PARTS, ROLES, SIDES, STANCES
from .skeleton import Hsv, Joint, Part

Bones = Tuple[Tuple[str, str], ...]

LIMB_BONES: Bones = tuple(
    (f'{side}_{start}', f'{side}_{end}') for side in SIDES
    for start, end in (('shoulder', 'elbow'), ('elbow', 'wrist'),
                       ('hip', 'knee'), ('knee', 'ankle')))
# COCO's, and what the other datasets' points are like among them.
SIGMAS = dict(
    zip((name.split('_')[-1] for name in HUMAN_17.keypoints),
        HUMAN_17.sigmas),
    crown=.05, neck=.06, throat=.06, pelvis=.09, chin=.03, mouth=.025,
    brow=.025, heel=.04, toe=.04, ball=.04, thumb=.035, index=.035,
    middle=.035, ring=.035, little=.035)


def _sigmas(keypoints: Sequence[str]) -> Tuple[float, ...]:
    return tuple(SIGMAS[name.split('_')[-1]] for name in keypoints)


def _with_girth(factor: float) -> Tuple[Part, ...]:
    """Everybody's parts, thicker or thinner."""
    return tuple(
        replace(part, radii=tuple(factor * radius for radius in part.radii))
        for part in PARTS)


def _sided(kinds: str, sides: Sequence[str]) -> Tuple[str, ...]:
    return tuple(f'{side}_{kind}' for side in sides
                 for kind in kinds.split())


# Stout, in pale clothes, seen from all around.
_KEYPOINTS_14 = (
    *_sided('shoulder elbow wrist', ('right', 'left')),
    *_sided('hip knee ankle', ('right', 'left')), 'crown', 'neck')
HUMAN_14 = replace(
    HUMAN_17,
    name='person_14',
    keypoints=_KEYPOINTS_14,
    bones=(*LIMB_BONES, ('crown', 'neck'), ('neck', 'left_shoulder'),
           ('neck', 'right_shoulder'), ('left_shoulder', 'left_hip'),
           ('right_shoulder', 'right_hip'), ('left_hip', 'right_hip')),
    sigmas=_sigmas(_KEYPOINTS_14),
    parts=_with_girth(1.25),
    roles=dict(ROLES, top=Hsv((0, 360), (.02, .25), (.6, .95)),
               bottom=Hsv((0, 360), (.02, .25), (.5, .9))),
    views=((.4, (-60, 60)), (.15, (50, 130)), (.15, (-130, -50)),
           (.3, (130, 230))))

# Slim and on the move.
_JOINTS_16 = (*JOINTS, Joint('throat', 'neck', (0, -.055, -.004)))
_KEYPOINTS_16 = (
    'right_ankle', 'right_knee', 'right_hip', 'left_hip', 'left_knee',
    'left_ankle', 'pelvis', 'neck', 'throat', 'crown', 'right_wrist',
    'right_elbow', 'right_shoulder', 'left_shoulder', 'left_elbow',
    'left_wrist')
HUMAN_16 = replace(
    HUMAN_17,
    name='person_16',
    keypoints=_KEYPOINTS_16,
    bones=(*LIMB_BONES, ('left_hip', 'pelvis'), ('right_hip', 'pelvis'),
           ('pelvis', 'neck'), ('neck', 'throat'), ('throat', 'crown'),
           ('neck', 'left_shoulder'), ('neck', 'right_shoulder')),
    sigmas=_sigmas(_KEYPOINTS_16),
    joints=_JOINTS_16,
    parts=_with_girth(.8),
    roles=dict(ROLES, top=Hsv((60, 170), (.5, .9), (.3, .7)),
               bottom=Hsv((60, 170), (.5, .9), (.2, .5))),
    stances=(replace(STANCES[0], weight=.08), replace(STANCES[1], weight=.5),
             *STANCES[2:]))

# Large heads, hands and feet, which have keypoints of their own.
_DIGITS = dict(thumb=(.045, .03, -.01), index=(.03, .075, -.005),
               middle=(.01, .085, 0), ring=(-.01, .08, 0),
               little=(-.03, .065, .005))


def _far_joints(side: str) -> Tuple[Joint, ...]:
    """Fingers, ball of the foot and brow of one side."""
    sign = 1 if side == 'left' else -1
    return (
        *(Joint(f'{side}_{name}', f'{side}_wrist', (sign * x, y + .03, z))
          for name, (x, y, z) in _DIGITS.items()),
        Joint(f'{side}_ball', f'{side}_ankle', (sign * .03, .036, -.06)),
        Joint(f'{side}_brow', 'head', (sign * .032, -.036, -.056)))


def _far_parts(side: str) -> Tuple[Part, ...]:
    """What they are seen by."""
    return (
        *(Part(f'{side}_wrist', f'{side}_{name}', (.016, .011), 'skin')
          for name in _DIGITS),
        Part(f'{side}_heel', f'{side}_ball', (.028, .022), 'shoe'),
        Part(f'{side}_brow', f'{side}_eye', (.008, .004), 'hair'))


_FACE = ('eye', 'ear', 'mouth')
_KEYPOINTS_40 = (
    *HUMAN_17.keypoints, *_sided('toe ball heel', SIDES),
    *_sided('thumb index middle ring little', SIDES),
    'left_mouth', 'right_mouth', 'left_brow', 'right_brow', 'chin', 'crown',
    'neck')
_FAR_PAIRS = tuple((f'left_{kind}', f'right_{kind}')
                   for kind in (*_DIGITS, 'ball', 'brow'))


def _grown(joint: Joint) -> Joint:
    """Feet and faces are half as large again."""
    kind = joint.name.split('_')[-1]
    if kind in (*_FACE, 'heel', 'toe', 'crown', 'chin', 'hair', 'nape',
                'nose'):
        return replace(joint, offset=tuple(1.5 * x for x in joint.offset))
    return joint


def _grown_part(part: Part) -> Part:
    kind = part.end.split('_')[-1]
    if kind in (*_FACE, 'toe', 'chin', 'nape', 'nose'):
        return replace(part, radii=tuple(1.5 * r for r in part.radii))
    return part


def _whole_bones() -> Bones:
    return tuple(
        (f'{side}_{start}', f'{side}_{end}') for side in SIDES
        for start, end in (*(('wrist', name) for name in _DIGITS),
                           ('ankle', 'toe'), ('ankle', 'ball'),
                           ('ankle', 'heel')))


WHOLE_BODY_40 = replace(
    HUMAN_17,
    name='whole_body_40',
    keypoints=_KEYPOINTS_40,
    bones=(*HUMAN_17.bones, *_whole_bones()),
    pairs=(*HUMAN_17.pairs, *_FAR_PAIRS),
    sigmas=_sigmas(_KEYPOINTS_40),
    joints=(*map(_grown, JOINTS), *_far_joints('left'),
            *_far_joints('right')),
    parts=(*map(_grown_part, PARTS), *_far_parts('left'),
           *_far_parts('right')),
    views=((.85, (-50, 50)), (.15, (145, 215))))
