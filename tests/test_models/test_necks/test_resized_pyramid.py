# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import torch

from vitpose_mm.models.necks import ResizedPyramid


def test_levels_have_the_sizes_of_their_scales():
    neck = ResizedPyramid(6, 8, (2, 1, 0.5))
    levels = neck([torch.randn(2, 6, 4, 6)])
    assert [level.shape for level in levels] == [(2, 8, 8, 12), (2, 8, 4, 6),
                                                 (2, 8, 2, 3)]


def test_no_block_outweighs_another():
    neck = ResizedPyramid(6, 8, (1, ))
    first, second = torch.randn(2, 1, 6, 4, 4)
    same = neck([first, second])[0]
    torch.testing.assert_close(
        neck([first * 50, second])[0], same, rtol=1e-3, atol=1e-3)
    assert not torch.allclose(neck([second, second])[0], same)


def test_half_a_level_is_the_mean_of_four_cells():
    neck = ResizedPyramid(6, 6, (0.5, ))
    torch.nn.init.eye_(neck.projs[0].weight)
    torch.nn.init.zeros_(neck.projs[0].bias)
    neck.norms[0] = torch.nn.Identity()
    maps = torch.randn(1, 6, 4, 4)
    normed = torch.nn.functional.layer_norm(
        maps.permute(0, 2, 3, 1), (6, )).permute(0, 3, 1, 2)
    expected = normed.reshape(1, 6, 2, 2, 2, 2).mean((3, 5))
    torch.testing.assert_close(neck([maps])[0], expected)
