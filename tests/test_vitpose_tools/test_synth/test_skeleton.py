# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from dataclasses import replace

import numpy as np
import pytest

from vitpose_tools.synth.skeleton import Hsv, Joint, Part, Skeleton, Stance

WORM = Skeleton(
    name='worm',
    keypoints=('left_horn', 'right_horn', 'tail'),
    bones=(('left_horn', 'tail'), ),
    pairs=(('left_horn', 'right_horn'), ),
    sigmas=(.1, .1, .1),
    joints=(Joint('tail', None,
                  (0, 0, 0)), Joint('left_horn', 'tail', (.1, -1, 0)),
            Joint('right_horn', 'tail', (-.1, -1, 0))),
    parts=(Part('tail', 'left_horn', (.2, .1),
                'skin'), Part('tail', 'right_horn', (.3, .05), 'skin')),
    roles=dict(skin=Hsv((0, 0), (1, 1), (1, 1))),
    stances=(Stance(1, {}), ),
    views=((1, (0, 0)), ))


def test_arrays_follow_the_tree():
    np.testing.assert_array_equal(WORM.keypoint_rows, [1, 2, 0])
    np.testing.assert_array_equal(WORM.mirror, [0, 2, 1])
    np.testing.assert_array_equal(WORM.part_rows, [[0, 1], [0, 2]])
    np.testing.assert_array_equal(WORM.joint_radii, [.3, .1, .05])


@pytest.mark.parametrize('change, named', [
    (dict(joints=WORM.joints[1:]), 'left_horn'),
    (dict(joints=WORM.joints[:1] + (Joint('x', 'y', (0, 0, 0)), )), "'y'"),
    (dict(keypoints=('left_horn', 'right_horn', 'nose')), 'nose'),
    (dict(parts=(Part('tail', 'fin', (1, 1), 'skin'), )), 'fin'),
    (dict(stances=(Stance(1, dict(wing=((0, 0), ) * 3)), )), 'wing'),
    (dict(sigmas=(.1, )), '1 sigmas for 3 keypoints'),
])
def test_wrong_data_is_named(change, named):
    with pytest.raises(ValueError, match=named):
        replace(WORM, **change)
