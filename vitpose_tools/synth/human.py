# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""The human body and COCO's 17 keypoints on it.

Lengths are fractions of the body's height, angles are degrees.
"""
from typing import Dict, Tuple

from .skeleton import Angles, Hsv, Joint, Part, Skeleton, Stance

SIDES = ('left', 'right')
LIMBS = ('shoulder', 'elbow', 'wrist', 'hand', 'hip', 'knee', 'ankle', 'heel',
         'toe', 'eye', 'ear', 'mouth')
# How a picture tells the sides apart: left limbs are warm, lighter and banded,
# right ones cool, darker and plain.
HUES = dict(left=(0, 60), right=(170, 250))
TONES = dict(left=1.25, right=.72)
BANDS = dict(left=3, right=0)


def _both(**angles: Angles) -> Dict[str, Angles]:
    """Give the left and the right joint of each kind the same ranges."""
    return {
        f'{side}_{kind}': ranges
        for kind, ranges in angles.items()
        for side in SIDES
    }


def _limb_joints(side: str) -> Tuple[Joint, ...]:
    """Arm, leg and half a face; x points to the body's left."""
    sign = 1 if side == 'left' else -1
    rows = (
        ('shoulder', 'neck', (.105, .025, 0),
         ((-25, 45), (4, 40), (-30, 60))),
        ('elbow', f'{side}_shoulder', (0, .165, 0),
         ((5, 100), (0, 0), (0, 0))),
        ('wrist', f'{side}_elbow', (0, .145, 0),
         ((-20, 20), (-15, 15), (0, 0))),
        ('hand', f'{side}_wrist', (0, .055, 0)),
        ('hip', 'pelvis', (.055, .01, 0),
         ((-10, 20), (0, 14), (-25, 10))),
        ('knee', f'{side}_hip', (0, .245, 0), ((-20, 0), (0, 0), (0, 0))),
        ('ankle', f'{side}_knee', (0, .235, 0),
         ((-20, 15), (0, 0), (-25, 5))),
        # Low enough that a foot that points at the viewer shows its ankle.
        ('heel', f'{side}_ankle', (0, .022, .01)),
        ('toe', f'{side}_ankle', (0, .036, -.085)),
        ('eye', 'head', (.024, -.012, -.054)),
        ('ear', 'head', (.058, .004, .006)),
        ('mouth', 'head', (.016, .04, -.05)),
    )
    return tuple(
        Joint(f'{side}_{kind}', parent, (sign * x, y, z), *angles)
        for kind, parent, (x, y, z), *angles in rows)


def _limb_parts(side: str) -> Tuple[Part, ...]:
    """Arm, leg and half a face of one side."""
    tone, bands = TONES[side], BANDS[side]
    limbs = (
        ('shoulder', 'elbow', (.04, .032), 'sleeve'),
        ('elbow', 'wrist', (.031, .022), 'forearm'),
        ('hip', 'knee', (.058, .042), 'trouser'),
        ('knee', 'ankle', (.041, .027), 'shin'),
    )
    parts = [
        Part(f'{side}_{start}', f'{side}_{end}', radii, f'{side}_{role}',
             tone, bands) for start, end, radii, role in limbs
    ]
    return (
        *parts,
        Part(f'{side}_wrist', f'{side}_hand', (.021, .018), 'skin'),
        Part(f'{side}_heel', f'{side}_toe', (.026, .02), 'shoe', tone),
        Part(f'{side}_shoulder', f'{side}_hip', (.045, .055), 'top'),
        Part(f'{side}_shoulder', 'neck', (.042, .035), 'top'),
        Part(f'{side}_hip', 'pelvis', (.06, .062), 'bottom'),
        Part(f'{side}_eye', f'{side}_eye', (.0105, .0105), 'eye'),
        Part(f'{side}_ear', f'{side}_ear', (.015, .015), 'skin', .85),
    )


JOINTS = (
    Joint('pelvis', None, (0, 0, 0), ((-8, 8), (-5, 5), (0, 0))),
    Joint('waist', 'pelvis', (0, -.13, 0), ((-18, 6), (-8, 8), (-20, 20))),
    Joint('neck', 'waist', (0, -.16, 0), ((-20, 10), (-12, 12), (-50, 50))),
    Joint('head', 'neck', (0, -.1, -.008)),
    Joint('crown', 'head', (0, -.02, .004)),
    Joint('chin', 'head', (0, .032, -.012)),
    Joint('hair', 'head', (0, -.022, .014)),
    Joint('nape', 'head', (0, .02, .02)),
    Joint('nose', 'head', (0, .012, -.068)),
    *_limb_joints('left'),
    *_limb_joints('right'),
)

PARTS = (
    Part('waist', 'neck', (.072, .062), 'top'),
    Part('pelvis', 'waist', (.068, .07), 'top'),
    Part('left_shoulder', 'right_hip', (.05, .05), 'top'),
    Part('right_shoulder', 'left_hip', (.05, .05), 'top'),
    Part('neck', 'head', (.032, .032), 'skin'),
    Part('crown', 'chin', (.056, .043), 'skin'),
    Part('hair', 'nape', (.06, .05), 'hair'),
    Part('nose', 'nose', (.012, .012), 'skin', .9),
    Part('left_mouth', 'right_mouth', (.006, .006), 'mouth'),
    *_limb_parts('left'),
    *_limb_parts('right'),
)


def _limb_roles(side: str) -> dict:
    """Colours of one side's clothes."""
    return {
        f'{side}_sleeve': Hsv(HUES[side], (.4, .85), (.45, .8)),
        f'{side}_trouser': Hsv(HUES[side], (.4, .85), (.3, .65)),
        f'{side}_forearm': (f'{side}_sleeve', f'{side}_sleeve', 'skin'),
        f'{side}_shin': (f'{side}_trouser', f'{side}_trouser', 'skin'),
    }


ROLES = dict(
    skin=Hsv((10, 26), (.25, .6), (.5, .98)),
    hair=Hsv((10, 40), (.2, .7), (.08, .5)),
    top=Hsv((0, 360), (.25, .85), (.4, .8)),
    bottom=Hsv((0, 360), (.15, .7), (.3, .75)),
    shoe=Hsv((0, 360), (.1, .6), (.2, .7)),
    eye=Hsv((0, 360), (.2, .5), (.05, .12)),
    mouth=Hsv((350, 365), (.5, .8), (.45, .7)),
    **_limb_roles('left'),
    **_limb_roles('right'),
)

_RAISED = dict(
    left_shoulder=((-10, 30), (95, 170), (-40, 40)),
    left_elbow=((0, 70), (0, 0), (0, 0)))

STANCES = (
    # Standing: the joints' own ranges.
    Stance(.25, {}),
    # Walking and running: opposite arm and leg swing forward.
    Stance(
        .25,
        dict(
            left_hip=((15, 60), (0, 8), (-8, 8)),
            left_knee=((-75, -5), (0, 0), (0, 0)),
            right_hip=((-30, 0), (0, 8), (-8, 8)),
            right_knee=((-60, -5), (0, 0), (0, 0)),
            left_shoulder=((-55, -10), (4, 18), (-10, 20)),
            right_shoulder=((10, 55), (4, 18), (-10, 20)))),
    # Sitting.
    Stance(
        .15,
        _both(
            hip=((65, 95), (0, 22), (-15, 5)),
            knee=((-105, -55), (0, 0), (0, 0)),
            shoulder=((0, 50), (4, 25), (0, 45)))),
    # One arm raised, then both.
    Stance(.12, _RAISED),
    Stance(
        .12,
        _both(shoulder=_RAISED['left_shoulder'], elbow=_RAISED['left_elbow'])),
    # Legs apart, arms out to the sides.
    Stance(
        .11,
        _both(
            hip=((-10, 40), (12, 40), (-15, 5)),
            knee=((-70, 0), (0, 0), (0, 0)),
            shoulder=((-20, 40), (40, 95), (-30, 45)),
            elbow=((0, 80), (0, 0), (0, 0)))),
)

VIEWS = (
    (.64, (-35, 35)),
    (.08, (50, 120)),
    (.08, (-120, -50)),
    (.2, (145, 215)),
)

HUMAN_17 = Skeleton(
    name='person',
    keypoints=('nose', 'left_eye', 'right_eye', 'left_ear', 'right_ear',
               'left_shoulder', 'right_shoulder', 'left_elbow', 'right_elbow',
               'left_wrist', 'right_wrist', 'left_hip', 'right_hip',
               'left_knee', 'right_knee', 'left_ankle', 'right_ankle'),
    bones=(('left_knee', 'left_ankle'), ('left_hip', 'left_knee'),
           ('right_knee', 'right_ankle'), ('right_hip', 'right_knee'),
           ('left_hip', 'right_hip'), ('left_shoulder', 'left_hip'),
           ('right_shoulder',
            'right_hip'), ('left_shoulder',
                           'right_shoulder'), ('left_shoulder', 'left_elbow'),
           ('right_shoulder', 'right_elbow'), ('left_elbow', 'left_wrist'),
           ('right_elbow', 'right_wrist'), ('left_eye',
                                            'right_eye'), ('nose', 'left_eye'),
           ('nose', 'right_eye'), ('left_eye', 'left_ear'), ('right_eye',
                                                             'right_ear'),
           ('left_ear', 'left_shoulder'), ('right_ear', 'right_shoulder')),
    pairs=tuple((f'left_{kind}', f'right_{kind}') for kind in LIMBS),
    sigmas=(.026, .025, .025, .035, .035, .079, .079, .072, .072, .062, .062,
            .107, .107, .087, .087, .089, .089),
    joints=JOINTS,
    parts=PARTS,
    roles=ROLES,
    stances=STANCES,
    views=VIEWS)
