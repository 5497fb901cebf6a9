# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import itertools

import pytest
import torch

from vitpose_mm.checkpoints.layouts import detect
from vitpose_mm.checkpoints.positions import guess_grid, num_extra_slots


@pytest.mark.parametrize('slots,expected,extra', [
    (192, 0, 0),  # 16x12: ours, MMPose's
    (193, 0, 1),  # official 256x192
    (197, 1, 1),  # MAE 224x224
    (198, 2, 2),  # distilled DeiT
    (257, 1, 1),  # MAE's ViT-H
    (1370, 1, 1),  # DINOv2 518x518
    (196, 1, 0),  # timm with a class token that has no position
    (433, 0, 1),  # official 384x288
    (769, 0, 1),  # official 256x192 at stride 8
    (50, 0, 0),  # 10x5, not 7x7 and a class token
    (50, 1, 1),
])
def test_slots_of_known_models(slots, expected, extra):
    assert num_extra_slots(slots, expected) == extra


def test_no_grid_makes_our_file_look_like_another(official_weights):
    weights = {key.replace('keypoint_head.', 'head.'): tensor.to('meta')
               for key, tensor in official_weights(24, 1).items()}

    for rows, cols in itertools.product(range(1, 40), repeat=2):
        weights['backbone.pos_embed'] = torch.empty(
            1, rows * cols, 24, device='meta')
        assert detect(weights) == 'vitpose_mm', (rows, cols)


def test_no_resolution_makes_an_official_file_look_like_another(
        official_weights):
    weights = {key: tensor.to('meta')
               for key, tensor in official_weights(24, 1).items()}

    for rows, cols in itertools.product(range(1, 40), repeat=2):
        weights['backbone.pos_embed'] = torch.empty(
            1, 1 + rows * cols, 24, device='meta')
        assert detect(weights) == 'official', (rows, cols)


@pytest.mark.parametrize('grid', [(14, 14), (16, 16), (16, 12), (24, 18),
                                  (32, 24), (36, 27), (32, 32), (8, 6)])
def test_grid_is_found_from_the_number_of_tokens(grid):
    assert guess_grid(grid[0] * grid[1]) == grid
