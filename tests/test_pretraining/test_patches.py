# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import math

import pytest
import torch


@pytest.mark.parametrize('grid', [(16, 12), (3, 5), (14, 14)])
def test_positions_are_sines_and_cosines_of_row_and_column(pretraining, grid):
    from vitpose_mm.pretraining.patches import sincos_pos_embed
    dim, (rows, cols) = 16, grid
    expected = [[0.] * dim]
    for row in range(rows):
        for col in range(cols):
            angles = [
                [place / 10000**(i / (dim / 4)) for i in range(dim // 4)]
                for place in (row, col)
            ]
            expected.append([f(a) for part in angles
                             for f in (math.sin, math.cos) for a in part])
    torch.testing.assert_close(
        sincos_pos_embed(grid, dim)[0], torch.tensor(expected))


@pytest.mark.parametrize('img_size', [(250, 192), (256, 190), (0, 16)])
def test_sides_must_be_multiples_of_the_patch(pretraining, img_size):
    from vitpose_mm.pretraining.patches import patch_grid
    assert patch_grid((256, 192), 16) == (16, 12)
    with pytest.raises(ValueError, match=rf'img_size=\({img_size[0]}, .*16'):
        patch_grid(img_size, 16)
