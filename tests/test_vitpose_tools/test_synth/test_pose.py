# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import numpy as np
import pytest

from vitpose_tools.synth import HUMAN_17
from vitpose_tools.synth.pose import (forward_kinematics, rotation,
                                      sample_angles, sample_pose)

INDEX = HUMAN_17.joint_index
ARM = .165  # upper arm of HUMAN_17 in body lengths


def posed(**angles):
    """Joints of HUMAN_17 by name, all angles 0 but those given."""
    table = np.zeros((len(HUMAN_17.joints), 3))
    for name, values in angles.items():
        table[INDEX[name]] = values
    points = forward_kinematics(HUMAN_17, table, np.ones(len(table)))
    return {joint.name: points[INDEX[joint.name]] for joint in HUMAN_17.joints}


def test_rest_pose_adds_up_the_offsets():
    body = posed()
    wrist = np.sum([
        joint.offset for joint in HUMAN_17.joints
        if joint.name in ('waist', 'neck', 'left_shoulder', 'left_elbow',
                          'left_wrist')
    ], 0)

    np.testing.assert_allclose(body['left_wrist'], wrist, atol=1e-12)


@pytest.mark.parametrize('angles, direction', [
    ((90, 0, 0), (0, 0, -1)),
    ((0, 90, 0), (1, 0, 0)),
    ((0, 180, 0), (0, -1, 0)),
    ((0, 0, 90), (0, 1, 0)),
])
@pytest.mark.parametrize('side, sign', [('left', 1), ('right', -1)])
def test_angles_swing_an_arm_as_documented(angles, direction, side, sign):
    body = posed(**{f'{side}_shoulder': angles})

    np.testing.assert_allclose(
        body[f'{side}_elbow'] - body[f'{side}_shoulder'],
        ARM * np.multiply(direction, (sign, 1, 1)),
        atol=1e-12)


def test_twist_turns_a_bent_forearm_towards_the_middle():
    body = posed(left_shoulder=(0, 0, 90), left_elbow=(90, 0, 0))

    forearm = body['left_wrist'] - body['left_elbow']
    np.testing.assert_allclose(
        forearm / np.linalg.norm(forearm), (-1, 0, 0), atol=1e-12)


def test_rotations_are_rotations():
    turns = rotation(np.random.default_rng(0).uniform(-180, 180, (50, 3)))

    np.testing.assert_allclose(
        turns @ turns.transpose(0, 2, 1),
        np.tile(np.eye(3), (50, 1, 1)),
        atol=1e-12)
    np.testing.assert_allclose(np.linalg.det(turns), 1)


def test_angles_stay_in_the_range_of_some_stance():
    rng = np.random.default_rng(0)
    for _ in range(100):
        angles = sample_angles(HUMAN_17, rng)
        assert any(
            all(lo <= angle <= hi
                for joint, row in zip(HUMAN_17.joints, drawn)
                for angle, (lo, hi) in zip(
                    row, stance.angles.get(joint.name, joint.angles)))
            for stance in HUMAN_17.stances
            for drawn in (angles, angles[HUMAN_17.mirror]))


def test_sampled_sides_have_equal_bones():
    rng = np.random.default_rng(0)
    for _ in range(20):
        body = sample_pose(HUMAN_17, rng)
        lengths = [[
            np.linalg.norm(body[INDEX[f'{side}_{start}']] -
                           body[INDEX[f'{side}_{end}']])
            for start, end in (('shoulder', 'elbow'), ('hip', 'knee'))
        ] for side in ('left', 'right')]
        np.testing.assert_allclose(*lengths)


def test_bodies_are_seen_from_all_sides():
    rng = np.random.default_rng(0)
    bodies = np.stack([sample_pose(HUMAN_17, rng) for _ in range(200)])
    width = (bodies[:, INDEX['left_hip']] - bodies[:, INDEX['right_hip']])
    facing = width[:, 0] / np.linalg.norm(width, axis=1)

    assert (facing > .7).mean() > .25
    assert (facing < -.7).mean() > .1
    assert (abs(facing) < .5).mean() > .15
