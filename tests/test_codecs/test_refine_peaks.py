# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import numpy as np
import pytest

from vitpose_mm.codecs.refine_peaks import refine_peaks


def gaussian(x, y, sigma=2., size=(32, 48)):
    rows, columns = np.mgrid[:size[0], :size[1]]
    square = (columns - x)**2 + (rows - y)**2
    return np.exp(-square / (2 * sigma**2)).astype(np.float32)


def refine(heatmap, x, y):
    peak, = refine_peaks(heatmap[None], np.array([0]), np.array([[x, y]]), 3)
    return peak


@pytest.mark.parametrize('x, y', [(20.3, 10.), (7.5, 12.25), (40.1, 25.4),
                                  (5.45, 6.6)])
def test_finds_the_fraction_of_a_gaussian(x, y):
    found = refine(gaussian(x, y), round(x), round(y))
    np.testing.assert_allclose(found, (x, y), atol=0.02)


@pytest.mark.parametrize('x, y', [(0, 0), (47, 0), (0, 31), (47, 31), (0, 9)])
def test_peak_on_the_border_stays_there(x, y):
    np.testing.assert_allclose(refine(gaussian(x, y), x, y), (x, y), atol=1e-3)


@pytest.mark.parametrize('x, y', [(1, 12), (46, 12), (20, 1), (20, 30)])
def test_border_hardly_moves_a_peak_beside_it(x, y):
    np.testing.assert_allclose(refine(gaussian(x, y), x, y), (x, y), atol=.15)


@pytest.mark.parametrize('value', [0., 1., -3.])
def test_flat_heatmap_moves_nothing(value):
    heatmap = np.full((32, 48), value, np.float32)
    np.testing.assert_array_equal(refine(heatmap, 9, 8), (9, 8))


def test_what_is_no_maximum_stays():
    np.testing.assert_array_equal(refine(gaussian(20, 10), 24, 13), (24, 13))


def test_each_peak_reads_its_own_heatmap():
    heatmaps = np.stack([gaussian(9.75, 8), gaussian(30.25, 20)])
    found = refine_peaks(heatmaps, np.array([1, 0, 1]),
                         np.array([[30, 20], [10, 8], [30, 20]]), 3)
    np.testing.assert_allclose(
        found, [(30.25, 20), (9.75, 8), (30.25, 20)], atol=0.02)


def test_heatmaps_are_left_as_they_are():
    heatmap = gaussian(20.3, 10)
    before = heatmap.copy()
    refine(heatmap, 20, 10)
    np.testing.assert_array_equal(heatmap, before)
