# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from dataclasses import dataclass
from functools import cached_property
from typing import Mapping, Optional, Tuple, Union

import numpy as np

Range = Tuple[float, float]
# Ranges in degrees of (pitch, spread, twist). Of a limb that hangs down, pitch
# swings it forward, spread moves it away from the body's middle, and twist
# turns its own front towards that middle. All are zero in the rest pose.
Angles = Tuple[Range, Range, Range]

FIXED: Angles = ((0, 0), (0, 0), (0, 0))


@dataclass(frozen=True)
class Joint:
    """A node of the kinematic tree.

    ``offset`` is its place relative to its parent in the rest pose, in body
    lengths: x to the body's own left, y down, z to its back. ``angles`` says
    how far it turns whatever hangs on it.
    """
    name: str
    parent: Optional[str]
    offset: Tuple[float, float, float]
    angles: Angles = FIXED


@dataclass(frozen=True)
class Part:
    """A solid between two joints: a ball swept from one to the other.

    ``radii`` are the ball's radii at both ends in body lengths. ``role`` names
    its colour, ``tone`` multiplies that colour's brightness, and ``bands``
    darker rings are laid around it.
    """
    start: str
    end: str
    radii: Tuple[float, float]
    role: str
    tone: float = 1.
    bands: int = 0


@dataclass(frozen=True)
class Stance:
    """A way to hold the body: angle ranges that replace the joints' own."""
    weight: float
    angles: Mapping[str, Angles]


@dataclass(frozen=True)
class Hsv:
    """A colour range: hue in degrees, saturation and value in 0..1."""
    hue: Range
    saturation: Range
    value: Range


@dataclass(frozen=True)
class Skeleton:
    """All that sampler, renderer and writer know about a kind of body.

    Args:
        name: Name of the COCO category.
        keypoints: Annotated joints, in the order of the dataset.
        bones: (parent, child) keypoints, the category's ``skeleton``.
        pairs: (left, right) joints of the tree that mirror each other.
        sigmas: OKS sigma of each keypoint.
        joints: The kinematic tree, parents before children, root first.
        parts: Solids to draw.
        roles: Colour range of each role, or the roles one of which lends it
            its colour.
        stances: Poses to choose from, by weight.
        views: (weight, range) of the body's turn about its vertical axis in
            degrees; 0 faces the viewer, 90 shows its left side.
    """
    name: str
    keypoints: Tuple[str, ...]
    bones: Tuple[Tuple[str, str], ...]
    pairs: Tuple[Tuple[str, str], ...]
    sigmas: Tuple[float, ...]
    joints: Tuple[Joint, ...]
    parts: Tuple[Part, ...]
    roles: Mapping[str, Union[Hsv, Tuple[str, ...]]]
    stances: Tuple[Stance, ...]
    views: Tuple[Tuple[float, Range], ...]

    def __post_init__(self) -> None:
        names = [joint.name for joint in self.joints]
        for i, joint in enumerate(self.joints):
            if joint.parent not in (names[:i] or [None]):
                raise ValueError(f'{self.name}: parent {joint.parent!r} of '
                                 f'joint {joint.name!r} does not precede it')
        used = {*self.keypoints, *sum(self.pairs, ()), *sum(self.bones, ())}
        for part in self.parts:
            used |= {part.start, part.end}
        for stance in self.stances:
            used |= set(stance.angles)
        if used - set(names):
            raise ValueError(f'{self.name}: no joint is called '
                             f'{sorted(used - set(names))}')
        if len(self.sigmas) != len(self.keypoints):
            raise ValueError(f'{self.name}: {len(self.sigmas)} sigmas for '
                             f'{len(self.keypoints)} keypoints')

    @cached_property
    def joint_index(self) -> Mapping[str, int]:
        """Row of each joint in every array over joints."""
        return {joint.name: i for i, joint in enumerate(self.joints)}

    @cached_property
    def mirror(self) -> np.ndarray:
        """Counterpart of each joint on the other side, itself if it has none,
        shape (num_joints, )."""
        mirror = np.arange(len(self.joints))
        for left, right in self.pairs:
            i, j = self.joint_index[left], self.joint_index[right]
            mirror[[i, j]] = j, i
        return mirror

    @cached_property
    def keypoint_rows(self) -> np.ndarray:
        """Row of each keypoint among the joints, shape (num_keypoints, )."""
        return np.array([self.joint_index[name] for name in self.keypoints])

    @cached_property
    def part_rows(self) -> np.ndarray:
        """Start and end of each part among the joints, (num_parts, 2)."""
        return np.array([(self.joint_index[part.start],
                          self.joint_index[part.end]) for part in self.parts])

    @cached_property
    def joint_radii(self) -> np.ndarray:
        """Radius of the thickest part that begins or ends at each joint, in
        body lengths, shape (num_joints, )."""
        radii = np.zeros(len(self.joints))
        part_radii = np.array([part.radii for part in self.parts])
        np.maximum.at(radii, self.part_rows, part_radii)
        return radii
