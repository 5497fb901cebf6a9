# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import math

import numpy as np
import pytest
import torch

from vitpose_mm.models.query_pose.locator import FIRST_WIDTH, Locator

B, N, K, C, SIZE, CELLS = 2, 3, 4, 8, (96, 72), (6, 8)


@pytest.fixture
def locator():
    torch.manual_seed(0)
    module = Locator(C).double()
    for param in module.parameters():
        torch.nn.init.normal_(param, std=0.7)
    return module


def test_it_is_the_mean_of_a_heatmap_written_as_loops(locator):
    x = torch.randn(B, N, K, C, dtype=torch.float64)
    keypoints = torch.rand(B, N, K, 2, dtype=torch.float64) * 60
    level = torch.randn(B, C, *CELLS, dtype=torch.float64)
    extents = torch.rand(B, N, 1, 1, dtype=torch.float64) * 40 + 16
    found = locator(x, keypoints, level, SIZE, extents).detach().numpy()

    linear = {
        name: [part.detach().numpy() for part in (layer.weight, layer.bias)]
        for name, layer in locator.named_children()
    }
    side = SIZE[0] / CELLS[1]
    for image, person, point in np.ndindex(B, N, K):
        token = x[image, person, point].numpy()
        query = linear['query'][0] @ token + linear['query'][1]
        here = keypoints[image, person].numpy()
        extent = float(extents[image, person])
        width = math.exp(linear['width'][0][0] @ token +
                         linear['width'][1][0]) * extent
        total, mean = 0., np.zeros(2)
        for row, column in np.ndindex(*CELLS):
            key = linear['key'][0] @ level[image, :, row, column].numpy() + \
                linear['key'][1]
            place = np.array([column, row]) * side + (side - 1) / 2
            away = ((place - here[point])**2).sum() / width**2
            weight = math.exp(query @ key / C**0.5 - away / 2)
            total += weight
            mean += weight * place
        np.testing.assert_allclose(found[image, person, point], mean / total)


def test_a_keypoint_stays_where_nothing_on_the_map_speaks_against_it():
    level = torch.zeros(1, C, 48, 48)
    keypoints = torch.tensor([[[[96., 90.], [110., 100.], [93.5, 97.]]]])
    module = Locator(C)
    found = module(torch.randn(1, 1, 3, C), keypoints, level, (192, 192),
                   torch.full((1, 1, 1, 1), 16.5))
    torch.testing.assert_close(found, keypoints, atol=0.05, rtol=0)
    assert FIRST_WIDTH * 17 > 192 / 48 / 2  # wider than a cell, so no steps


def test_what_fits_the_token_is_found_far_from_where_it_was_expected():
    module = Locator(C)
    for layer in (module.query, module.key):
        torch.nn.init.eye_(layer.weight)
        torch.nn.init.zeros_(layer.bias)
    level = torch.zeros(1, C, 12, 12)
    level[0, 3, 2, 9] = 40.
    x = torch.zeros(1, 1, 2, C)
    x[0, 0, 0, 3] = 10.
    keypoints = torch.full((1, 1, 2, 2), 90.)
    found = module(x, keypoints, level, (192, 192),
                   torch.full((1, 1, 1, 1), 96.))[0, 0]
    assert found[0].tolist() == pytest.approx([9.5 * 16 - 0.5, 2.5 * 16 - 0.5])
    assert (found[1] - 90).abs().max() < 5


def test_half_precision_and_float32_agree():
    module = Locator(C)
    level, x = torch.randn(1, C, 24, 24), torch.randn(1, 2, 3, C)
    keypoints = torch.rand(1, 2, 3, 2) * 192
    extents = torch.full((1, 2, 1, 1), 96.)
    exact = module(x, keypoints, level, (192, 192), extents)
    with torch.autocast('cpu', torch.bfloat16):
        half = module(x, keypoints, level, (192, 192), extents)
    assert half.dtype == torch.float32
    torch.testing.assert_close(half, exact, atol=0.05, rtol=0)
