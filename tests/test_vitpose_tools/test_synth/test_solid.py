# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import numpy as np
import pytest

from vitpose_tools.synth.solid import swept_ball


def surface(depths, length=20.):
    """The front of a limb of radius 5 on a grid, and the grid."""
    along, across = np.meshgrid(
        np.arange(-8., length + 9), np.arange(-8., 9), indexing='xy')
    front = swept_ball(along, across, length, np.array(depths),
                       np.array([5., 5]))
    return front, along, across


@pytest.mark.parametrize('rise', [-40., 0., 15.])
def test_normal_is_that_of_the_sphere_which_touches_the_front(rise):
    front, along, across = surface((100., 100. + rise))
    inside = front.cover == 1
    centre = np.stack([front.place * 20, 0 * across, 100 + front.place * rise],
                      -1)
    point = np.stack([along, across, front.depth], -1)
    normal = np.stack([front.along, front.across, front.ahead], -1)

    np.testing.assert_allclose(
        normal[inside], (point - centre)[inside] / 5, atol=1e-9)
    np.testing.assert_allclose(
        np.linalg.norm(normal, axis=-1)[inside], 1, atol=1e-9)


def test_cover_falls_from_one_to_zero_across_the_outline():
    front, along, across = surface((0., 0.))
    column = front.cover[:, along[0] == 10][:, 0]

    want = np.clip(5.5 - np.abs(across[:, 0]), 0, 1)
    np.testing.assert_allclose(column, want)
