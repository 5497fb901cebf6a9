# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Four-legged animals with AP-10K's 17 keypoints, of different build.

Lengths are fractions of the body, angles are degrees. The sides look as
those of people: left limbs warm and banded, right ones cool and plain.
"""
from dataclasses import dataclass
from typing import Tuple

from .human import BANDS, HUES, SIDES, TONES
from .skeleton import Hsv, Joint, Part, Skeleton, Stance


@dataclass(frozen=True)
class Build:
    """Measures of an animal: half of the trunk, legs above and below the
    elbow or knee, neck (up, forward), muzzle, half of the width, ears, tail;
    radii of trunk, neck, head and leg; rings on neck and trunk; its fur."""
    trunk: float
    legs: Tuple[float, float]
    neck: Tuple[float, float]
    muzzle: float
    width: float
    ear: float
    tail: float
    radii: Tuple[float, float, float, float]
    rings: int
    fur: Hsv


KEYPOINTS = ('left_eye', 'right_eye', 'nose', 'neck', 'tail',
             *(f'{side}_{kind}' for side in SIDES
               for kind in ('shoulder', 'elbow', 'front_paw')),
             *(f'{side}_{kind}' for side in SIDES
               for kind in ('hip', 'knee', 'back_paw')))
# AP-10K's, in this order.
SIGMAS = (.025, .025, .026, .035, .035, .079, .072, .062, .079, .072, .062,
          .107, .087, .089, .107, .087, .089)
BONES = (('left_eye', 'right_eye'), ('left_eye', 'nose'),
         ('right_eye', 'nose'), ('nose', 'neck'), ('neck', 'tail'),
         *((f'{side}_{start}', f'{side}_{end}') for side in SIDES
           for start, end in (('shoulder', 'elbow'), ('elbow', 'front_paw'),
                              ('hip', 'knee'), ('knee', 'back_paw'))),
         *((middle, f'{side}_{end}') for side in SIDES
           for middle, end in (('neck', 'shoulder'), ('tail', 'hip'))))
PAIRS = tuple((f'left_{kind}', f'right_{kind}') for kind in (
    'eye', 'ear', 'shoulder', 'elbow', 'front_paw', 'hip', 'knee',
    'back_paw'))
# Mostly from the side.
VIEWS = ((.42, (50, 130)), (.42, (-130, -50)), (.08, (-50, 50)),
         (.08, (130, 230)))


def _side_joints(build: Build, side: str) -> Tuple[Joint, ...]:
    sign = 1 if side == 'left' else -1
    upper, lower = build.legs
    rows = (
        ('shoulder', 'withers', (build.width, .07, 0),
         ((-30, 35), (0, 6), (0, 0))),
        ('elbow', f'{side}_shoulder', (0, upper, .015),
         ((-10, 40), (0, 0), (0, 0))),
        ('front_paw', f'{side}_elbow', (0, lower, 0)),
        ('hip', 'croup', (build.width, .06, 0), ((-30, 35), (0, 6), (0, 0))),
        ('knee', f'{side}_hip', (0, upper, -.02),
         ((-45, 0), (0, 0), (0, 0))),
        ('back_paw', f'{side}_knee', (0, lower, .02)),
        ('eye', 'head', (.032, -.012, -.03)),
        ('ear', 'head', (.042, -build.ear, .02)),
    )
    return tuple(
        Joint(f'{side}_{kind}', parent, (sign * x, y, z), *angles)
        for kind, parent, (x, y, z), *angles in rows)


def _joints(build: Build) -> Tuple[Joint, ...]:
    up, forward = build.neck
    return (
        Joint('trunk', None, (0, 0, 0), ((-8, 8), (-4, 4), (0, 0))),
        Joint('withers', 'trunk', (0, 0, -build.trunk),
              ((-6, 6), (0, 0), (-15, 15))),
        Joint('croup', 'trunk', (0, .01, build.trunk),
              ((-6, 6), (0, 0), (-12, 12))),
        Joint('neck', 'withers', (0, -.04, -.05),
              ((-35, 25), (-5, 5), (-30, 30))),
        Joint('head', 'neck', (0, -up, -forward),
              ((-25, 25), (-5, 5), (-25, 25))),
        Joint('nose', 'head', (0, .025, -build.muzzle)),
        Joint('tail', 'croup', (0, -.035, .045),
              ((-50, 40), (-20, 20), (-40, 40))),
        Joint('tail_tip', 'tail', (0, .03, build.tail)),
        *_side_joints(build, 'left'),
        *_side_joints(build, 'right'),
    )


def _side_parts(build: Build, side: str) -> Tuple[Part, ...]:
    tone, bands, leg = TONES[side], BANDS[side], build.radii[3]
    legs = tuple(
        Part(f'{side}_{start}', f'{side}_{end}', (width[0] * leg,
                                                  width[1] * leg),
             f'{side}_leg', tone, bands)
        for start, end, width in (
            ('shoulder', 'elbow', (1.3, .9)), ('elbow', 'front_paw', (.9, .7)),
            ('hip', 'knee', (1.6, 1)), ('knee', 'back_paw', (.9, .7))))
    return (*legs,
            Part(f'{side}_eye', f'{side}_eye', (.013, .013), 'eye'),
            Part('head', f'{side}_ear', (.02, .014), 'fur', .8))


def _parts(build: Build) -> Tuple[Part, ...]:
    trunk, neck, head, leg = build.radii
    return (
        Part('withers', 'croup', (trunk, .9 * trunk), 'fur', 1, build.rings),
        Part('withers', 'neck', (.9 * trunk, neck), 'fur'),
        Part('neck', 'head', (neck, .8 * neck), 'fur', 1, build.rings),
        Part('head', 'nose', (head, .55 * head), 'fur', 1.1),
        Part('nose', 'nose', (.016, .016), 'eye'),
        Part('tail', 'tail_tip', (.4 * leg, .3 * leg), 'fur', .8),
        *_side_parts(build, 'left'),
        *_side_parts(build, 'right'),
    )


def animal(name: str, build: Build) -> Skeleton:
    """A four-legged animal of some build."""
    standing = Stance(.6, {})
    grazing = Stance(.25, dict(neck=((40, 95), (-5, 5), (-30, 30))))
    running = Stance(.15, dict(
        left_shoulder=((30, 60), (0, 4), (0, 0)),
        right_shoulder=((-50, -20), (0, 4), (0, 0)),
        left_hip=((-50, -20), (0, 4), (0, 0)),
        right_hip=((30, 60), (0, 4), (0, 0))))
    return Skeleton(
        name=name,
        keypoints=KEYPOINTS,
        bones=BONES,
        pairs=PAIRS,
        sigmas=SIGMAS,
        joints=_joints(build),
        parts=_parts(build),
        roles=dict(
            fur=build.fur,
            eye=Hsv((0, 360), (.2, .5), (.05, .12)),
            left_leg=Hsv(HUES['left'], (.4, .85), (.4, .75)),
            right_leg=Hsv(HUES['right'], (.4, .85), (.35, .7))),
        stances=(standing, grazing, running),
        views=VIEWS)


DOG_17 = animal(
    'dog_17',
    Build(trunk=.24, legs=(.15, .16), neck=(.1, .07), muzzle=.12, width=.06,
          ear=.07, tail=.2, radii=(.1, .06, .065, .032), rings=0,
          fur=Hsv((10, 45), (.2, .7), (.25, .9))))
GIRAFFE_17 = animal(
    'giraffe_17',
    Build(trunk=.15, legs=(.2, .24), neck=(.34, .1), muzzle=.1, width=.055,
          ear=.05, tail=.16, radii=(.085, .042, .045, .024), rings=3,
          fur=Hsv((30, 50), (.4, .8), (.6, .95))))
