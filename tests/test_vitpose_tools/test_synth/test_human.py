# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import numpy as np
from mmpose.datasets.datasets.utils import parse_pose_metainfo

from vitpose_tools.synth import HUMAN_17
from vitpose_tools.synth.human import LIMBS
from vitpose_tools.synth.pose import forward_kinematics

COCO = parse_pose_metainfo(dict(from_file='configs/_base_/datasets/coco.py'))


def test_keypoints_are_those_of_coco():
    names = dict(enumerate(HUMAN_17.keypoints))
    flipped = [
        HUMAN_17.keypoints.index(HUMAN_17.joints[row].name)
        for row in HUMAN_17.mirror[HUMAN_17.keypoint_rows]
    ]

    assert names == COCO['keypoint_id2name']
    assert flipped == COCO['flip_indices']
    np.testing.assert_allclose(HUMAN_17.sigmas, COCO['sigmas'])
    assert {frozenset(bone)
            for bone in HUMAN_17.bones} == {
                frozenset(names[i] for i in link)
                for link in COCO['skeleton_links']
            }


def test_rest_pose_is_a_symmetric_body_of_length_one():
    still = np.zeros((len(HUMAN_17.joints), 3))
    points = forward_kinematics(HUMAN_17, still, np.ones(len(still)))
    thickness = HUMAN_17.joint_radii
    left = points[[HUMAN_17.joint_index[f'left_{kind}'] for kind in LIMBS]]
    right = points[[HUMAN_17.joint_index[f'right_{kind}'] for kind in LIMBS]]

    height = (points[:, 1] + thickness).max() - (points[:, 1] -
                                                 thickness).min()
    assert abs(height - 1) < .05
    np.testing.assert_allclose(left * (-1, 1, 1), right)
    assert (left[:, 0] > 0).all()


def test_left_parts_are_lighter_and_banded():
    parts = {(part.start, part.end): part for part in HUMAN_17.parts}
    for bone in (('shoulder', 'elbow'), ('elbow', 'wrist'), ('hip', 'knee'),
                 ('knee', 'ankle')):
        left = parts[tuple(f'left_{end}' for end in bone)]
        right = parts[tuple(f'right_{end}' for end in bone)]
        assert left.tone > right.tone and left.bands > right.bands
