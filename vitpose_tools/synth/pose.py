# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import numpy as np

from .skeleton import Skeleton

# Spread of a person's own proportions around the skeleton's, as the standard
# deviation of the logarithm.
PROPORTION_STD = .07
# In-plane rotation in degrees: mostly a tilted camera, now and then anything.
ROLL_STD = 8
LARGE_ROLL_CHANCE = .03


def rotation(angles: np.ndarray) -> np.ndarray:
    """Rotation matrices that twist, then pitch, then spread.

    Args:
        angles (np.ndarray): Pitch, spread and twist of left or middle joints
            in degrees, shape (..., 3).

    Returns:
        np.ndarray: Matrices that act on columns (x, y, z), shape (..., 3, 3).
    """
    # Signs follow from the axes: x to the left, y down, z to the back.
    cos_x, cos_z, cos_y = np.moveaxis(np.cos(np.radians(angles)), -1, 0)
    sin_x, sin_z, sin_y = np.moveaxis(
        np.sin(np.radians(angles * np.array([-1, -1, 1]))), -1, 0)
    zero, one = np.zeros_like(cos_x), np.ones_like(cos_x)
    pitch = [one, zero, zero, zero, cos_x, -sin_x, zero, sin_x, cos_x]
    spread = [cos_z, -sin_z, zero, sin_z, cos_z, zero, zero, zero, one]
    twist = [cos_y, zero, sin_y, zero, one, zero, -sin_y, zero, cos_y]
    pitch, spread, twist = (
        np.stack(rows, -1).reshape(*cos_x.shape, 3, 3)
        for rows in (pitch, spread, twist))
    return spread @ pitch @ twist


def forward_kinematics(skeleton: Skeleton, angles: np.ndarray,
                       scales: np.ndarray) -> np.ndarray:
    """Place the joints of a body.

    Args:
        skeleton (Skeleton): The body.
        angles (np.ndarray): Pitch, spread and twist of each joint in degrees,
            shape (num_joints, 3).
        scales (np.ndarray): Factor on each joint's offset, (num_joints, ).

    Returns:
        np.ndarray: Joints in body lengths, the root at the origin, x to the
        image's right, y down, z away from the viewer, shape (num_joints, 3).
    """
    right = skeleton.mirror < np.arange(len(skeleton.joints))
    turns = rotation(angles * np.where(right[:, None], (1, -1, -1), 1))
    points = np.zeros((len(skeleton.joints), 3))
    for i, joint in enumerate(skeleton.joints):
        if joint.parent is None:
            continue
        parent = skeleton.joint_index[joint.parent]
        points[i] = points[parent] + turns[parent] @ joint.offset * scales[i]
        turns[i] = turns[parent] @ turns[i]
    return points


def sample_angles(skeleton: Skeleton, rng: np.random.Generator) -> np.ndarray:
    """Draw joint angles of a random stance, mirrored half of the time.

    Returns:
        np.ndarray: Pitch, spread and twist in degrees, (num_joints, 3).
    """
    weights = np.array([stance.weight for stance in skeleton.stances])
    stance = skeleton.stances[rng.choice(
        len(weights), p=weights / weights.sum())]
    ranges = np.array([
        stance.angles.get(joint.name, joint.angles)
        for joint in skeleton.joints
    ], float)  # (num_joints, 3, 2)
    if rng.random() < .5:
        ranges = ranges[skeleton.mirror]
    return rng.uniform(ranges[..., 0], ranges[..., 1])


def sample_pose(skeleton: Skeleton, rng: np.random.Generator) -> np.ndarray:
    """Draw a random body as the viewer sees it.

    Returns:
        np.ndarray: Joints in body lengths, the root at the origin, x to the
        image's right, y down, z away from the viewer, shape (num_joints, 3).
    """
    scales = np.exp(rng.normal(0, PROPORTION_STD, len(skeleton.joints)))
    scales = np.minimum(scales, scales[skeleton.mirror])  # sides match
    body = forward_kinematics(skeleton, sample_angles(skeleton, rng), scales)

    weights = np.array([weight for weight, _ in skeleton.views])
    view = rng.choice(len(weights), p=weights / weights.sum())
    yaw = rng.uniform(*skeleton.views[view][1])
    if rng.random() < LARGE_ROLL_CHANCE:
        roll = rng.uniform(-180, 180)
    else:
        roll = rng.normal(0, ROLL_STD)
    camera = rotation(np.array([rng.normal(4, 7), roll, 0]))
    return body @ (camera @ rotation(np.array([0, 0, yaw]))).T
