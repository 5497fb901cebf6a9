# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""What all drawn bodies have in common."""
import numpy as np
import pytest
from mmpose.datasets.datasets.utils import parse_pose_metainfo

from vitpose_tools.synth import SKELETONS
from vitpose_tools.synth.pose import forward_kinematics

STOCK = dict(person_14='aic', person_16='mpii', dog_17='ap10k',
             giraffe_17='ap10k')
# Stock's names of what is called otherwise here.
SAME = dict(head_top='crown', thorax='neck', upper_neck='throat',
            root_of_tail='tail', l_f_paw='left_front_paw',
            r_f_paw='right_front_paw', l_b_paw='left_back_paw',
            r_b_paw='right_back_paw', l_eye='left_eye', r_eye='right_eye')


@pytest.mark.parametrize('name', STOCK)
def test_keypoints_are_in_the_order_of_the_dataset(name):
    stock = parse_pose_metainfo(
        dict(from_file=f'configs/_base_/datasets/{STOCK[name]}.py'))
    wanted = [stock['keypoint_id2name'][i].lower().replace(' ', '_')
              for i in range(stock['num_keypoints'])]
    wanted = [SAME.get(point, point.replace('l_', 'left_', 1) if
                       point.startswith('l_') else
                       point.replace('r_', 'right_', 1) if
                       point.startswith('r_') else point)
              for point in wanted]
    assert list(SKELETONS[name].keypoints) == wanted


@pytest.mark.parametrize('name', SKELETONS)
def test_rest_pose_is_symmetric_and_of_the_size_of_a_body(name):
    skeleton = SKELETONS[name]
    still = np.zeros((len(skeleton.joints), 3))
    points = forward_kinematics(skeleton, still, np.ones(len(still)))

    np.testing.assert_allclose(points[skeleton.mirror] * (-1, 1, 1), points,
                               atol=1e-12)
    extent = np.ptp(points, axis=0)
    assert .7 < max(extent) < 1.15
    left = [i for i, joint in enumerate(skeleton.joints)
            if joint.name.startswith('left_')]
    assert (points[left, 0] > 0).all()


@pytest.mark.parametrize('name', SKELETONS)
def test_sides_look_different_everywhere(name):
    bands = {part.start: part.bands for part in SKELETONS[name].parts
             if part.bands}
    limbs = [start for start in bands if start.endswith(
        ('shoulder', 'elbow', 'hip', 'knee'))]
    assert len(limbs) == 4
    assert all(start.startswith('left_') for start in limbs)
