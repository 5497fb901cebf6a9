# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from dataclasses import replace

import numpy as np
import pytest

from vitpose_tools.synth.appearance import Appearance
from vitpose_tools.synth.canvas import AMBIENT, BAND_SHADE, Canvas
from vitpose_tools.synth.skeleton import Hsv, Joint, Part, Skeleton, Stance

WHITE = Appearance(colours=np.full((1, 3), 255.), girth=1.)


def stick(bands=0, radii=(10., 10.)):
    return Skeleton(
        name='stick',
        keypoints=('head', 'tail'),
        bones=(('head', 'tail'), ),
        pairs=(),
        sigmas=(.1, .1),
        joints=(Joint('head', None, (0, 0, 0)), Joint('tail', 'head',
                                                      (0, 1, 0))),
        parts=(Part('head', 'tail', radii, 'paint', bands=bands), ),
        roles=dict(paint=Hsv((0, 0), (0, 0), (1, 1))),
        stances=(Stance(1, {}), ),
        views=((1, (0, 0)), ))


def drawn(start, end, skeleton=None, canvas=None, number=1):
    canvas = canvas or Canvas(np.zeros((80, 120, 3)), np.array([0, 0, -1]))
    joints = np.array([start, end], float)
    canvas.draw_body(skeleton or stick(), joints, 1., WHITE, number)
    return canvas


def test_ball_covers_a_disc_and_bulges_towards_the_viewer():
    canvas = drawn((60, 40, 100), (60, 40, 100))

    assert canvas.owner.sum() == pytest.approx(np.pi * 100, rel=.02)
    assert canvas.depth[40, 60] == pytest.approx(90)
    assert canvas.depth[40, 66] == pytest.approx(100 - 8, abs=.01)
    assert np.isinf(canvas.depth[40, 75])


@pytest.mark.parametrize('dz', [0, 30, -300])
def test_limb_has_the_outline_and_depth_of_a_swept_ball(dz):
    start, end = np.array([40., 30, 500]), np.array([75., 50, 500 + dz])
    canvas = drawn(start, end)

    # Many balls along the limb, each against every pixel.
    centres = start + np.linspace(0, 1, 2001)[:, None] * (end - start)
    x, y = np.meshgrid(np.arange(20, 100), np.arange(10, 70))
    points = np.stack([x, y], -1)[:, :, None]
    rest = 100 - ((points - centres[:, :2])**2).sum(-1)
    front = np.where(rest >= 0, centres[:, 2] - np.sqrt(np.maximum(rest, 0)),
                     np.inf).min(-1)
    got = canvas.depth[10:70, 20:100]
    deep = (rest > 4).any(-1)  # less than a pixel from the outline: soft

    np.testing.assert_allclose(got[deep], front[deep], atol=.05)
    assert np.isinf(got[rest.max(-1) < -25]).all()


def test_nearer_body_owns_the_pixel_in_either_order():
    near, far = ((60, 40, 0), (60, 40, 0)), ((65, 40, 90), (65, 40, 90))
    first = drawn(*far)
    drawn(*near, canvas=first, number=2)
    second = drawn(*near, number=2)
    drawn(*far, canvas=second, number=1)

    np.testing.assert_array_equal(first.owner, second.owner)
    assert first.owner[40, 65] == 2 and first.owner[40, 74] == 1


def test_shade_falls_from_the_light_and_bands_are_darker():
    plain = drawn((20, 40, 0), (100, 40, 0)).image[..., 0]
    banded = drawn((20, 40, 0), (100, 40, 0), stick(bands=2)).image[..., 0]

    assert plain[40, 60] == pytest.approx(255)
    assert plain[46, 60] == pytest.approx(255 * (AMBIENT + (1 - AMBIENT) * .8))
    # Fifths of the limb: light, dark, light, dark, light.
    np.testing.assert_allclose(
        banded[40, 28:100:16] / 255, [1, BAND_SHADE, 1, BAND_SHADE, 1],
        rtol=1e-5)


def test_part_beyond_the_border_is_cut_off():
    whole = drawn((60, 40, 0), (60, 40, 0))
    cut = drawn((0, 40, 0), (0, 40, 0))
    gone = drawn((-40, 40, 0), (-30, 40, 0))

    np.testing.assert_array_equal(cut.owner[:, :20], whole.owner[:, 60:80])
    assert not gone.owner.any()


def test_taper_follows_both_radii():
    canvas = drawn((30, 40, 0), (90, 40, 0), stick(radii=(12., 4.)))

    widths = canvas.owner[:, [30, 60, 90]].astype(int).sum(0)
    np.testing.assert_allclose(widths, [24, 16, 8], atol=1)


def test_sees_its_own_surface_but_nothing_behind_it():
    canvas = drawn((40, 40, 100), (80, 40, 100))
    points = np.array([(60, 40, 100), (60, 40, 130), (60, 65, 130)], float)

    np.testing.assert_array_equal(
        canvas.sees(points, np.full(3, 10.)), [True, False, True])


def test_girth_scales_the_outline():
    canvas = Canvas(np.zeros((80, 120, 3)), np.array([0, 0, -1]))
    joints = np.tile([60., 40, 0], (2, 1))
    canvas.draw_body(stick(), joints, 1., replace(WHITE, girth=1.5), 1)

    assert canvas.owner.sum() == pytest.approx(np.pi * 225, rel=.02)
