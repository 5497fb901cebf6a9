# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import cv2
import numpy as np
import pytest
import torch

from vitpose_mm.models.layers import resize_pos_embed


@pytest.mark.parametrize('source, target', [((14, 14), (16, 12)),
                                            ((16, 12), (24, 18))])
def test_resize_agrees_with_opencv_bicubic(source, target):
    maps = np.random.default_rng(0).normal(size=(*source, 5))
    resized = resize_pos_embed(
        torch.from_numpy(maps).float().reshape(1, -1, 5), source, target)
    # OpenCV averages nothing when it shrinks, as PyTorch without antialias.
    expected = cv2.resize(
        maps.astype(np.float32), target[::-1], interpolation=cv2.INTER_CUBIC)
    np.testing.assert_allclose(
        resized.numpy().reshape(*target, 5), expected, atol=1e-5)


def test_equal_grid_returns_the_embedding_itself():
    pos_embed = torch.randn(1, 12, 3)
    assert resize_pos_embed(pos_embed, (4, 3), (4, 3)) is pos_embed
