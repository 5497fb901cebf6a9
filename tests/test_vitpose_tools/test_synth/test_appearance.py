# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from dataclasses import replace

import numpy as np

from vitpose_tools.synth.appearance import sample_appearance
from vitpose_tools.synth.skeleton import Hsv, Joint, Part, Skeleton, Stance

STICK = Skeleton(
    name='stick',
    keypoints=('top', ),
    bones=(),
    pairs=(),
    sigmas=(.1, ),
    joints=(Joint('top', None, (0, 0, 0)), ),
    parts=(Part('top', 'top', (1, 1),
                'paint'), Part('top', 'top', (1, 1), 'paint',
                               tone=.5), Part('top', 'top', (1, 1), 'lent')),
    roles=dict(paint=Hsv((240, 240), (1, 1), (.8, .8)), lent=('paint', )),
    stances=(Stance(1, {}), ),
    views=((1, (0, 0)), ))


def test_colours_are_bgr_of_the_role_times_the_tone():
    look = sample_appearance(STICK, np.random.default_rng(0))

    np.testing.assert_allclose(look.colours,
                               [[204, 0, 0], [102, 0, 0], [204, 0, 0]])


def test_a_role_borrows_each_of_its_lenders():
    roles = dict(
        red=Hsv((0, 0), (1, 1), (1, 1)),
        blue=Hsv((240, 240), (1, 1), (1, 1)),
        paint=('red', 'blue'),
        lent=('red', ))
    skeleton = replace(STICK, roles=roles)
    rng = np.random.default_rng(0)

    seen = {
        tuple(sample_appearance(skeleton, rng).colours[0])
        for _ in range(30)
    }
    assert seen == {(0, 0, 255), (255, 0, 0)}
