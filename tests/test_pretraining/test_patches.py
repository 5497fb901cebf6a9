# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import math

import pytest
import torch


@pytest.mark.parametrize('grid', [(16, 12), (3, 5), (14, 14)])
def test_positions_are_those_of_mae_column_first(pretraining, grid):
    from vitpose_mm.pretraining.patches import sincos_pos_embed
    dim, (rows, cols) = 16, grid
    expected = [[0.] * dim]
    for row in range(rows):
        for col in range(cols):
            angles = [
                [place / 10000**(i / (dim / 4)) for i in range(dim // 4)]
                for place in (col, row)
            ]
            expected.append([f(a) for part in angles
                             for f in (math.sin, math.cos) for a in part])
    torch.testing.assert_close(
        sincos_pos_embed(grid, dim)[0].double(),
        torch.tensor(expected, dtype=torch.float64),
        rtol=0,
        atol=1e-6)


def test_mmpretrain_has_the_halves_the_other_way_round(pretraining):
    from mmpretrain.models.utils import build_2d_sincos_position_embedding

    from vitpose_mm.pretraining.patches import sincos_pos_embed
    theirs = build_2d_sincos_position_embedding(4, 16, cls_token=True)
    first, second = theirs.chunk(2, 2)
    assert torch.equal(sincos_pos_embed((4, 4), 16),
                       torch.cat([second, first], 2))


def test_a_file_keeps_the_positions_that_it_was_trained_with(pretraining):
    from vitpose_mm.pretraining import RectangularMAEDecoder, RectangularMAEViT
    arch = dict(embed_dim=32, depth=1, num_heads=2, mlp_ratio=2)
    for build, name in (
            (lambda: RectangularMAEViT(arch, (64, 48)), 'pos_embed'),
            (lambda: RectangularMAEDecoder(
                32, (64, 48), decoder_embed_dim=32, decoder_depth=1,
                decoder_num_heads=2), 'decoder_pos_embed')):
        old, new = build(), build()
        old.init_weights()
        getattr(old, name).data.copy_(torch.randn_like(getattr(old, name)))
        new.init_weights()
        new.load_state_dict(old.state_dict())
        assert torch.equal(getattr(new, name), getattr(old, name))


@pytest.mark.parametrize('img_size', [(250, 192), (256, 190), (0, 16)])
def test_sides_must_be_multiples_of_the_patch(pretraining, img_size):
    from vitpose_mm.pretraining.patches import patch_grid
    assert patch_grid((256, 192), 16) == (16, 12)
    with pytest.raises(ValueError, match=rf'img_size=\({img_size[0]}, .*16'):
        patch_grid(img_size, 16)
