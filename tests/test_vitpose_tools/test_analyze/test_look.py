# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch

from vitpose_tools.analyze.look import distances_between, find_patch, look
from vitpose_tools.predict.open_model import ModelError

GRID = (4, 3)


def attention_by_hand(model, crop, patches=12):
    """Of all blocks of a plain ViT, in float64: (blocks, heads, N, N)."""
    vit = model.backbone.double()
    x, layout = vit.embed((crop.inputs[None].double() - 100) / 50)
    found = []
    for block in vit.blocks:
        q, k, _ = block.attn.project(block.norm1(x))
        found.append((q @ k.transpose(2, 3) / 8**.5).softmax(3)[0])
        x = block(x, layout)
    return torch.stack(found).detach().numpy()


def test_maps_are_the_attention_in_multiples_of_the_even_share(make_model,
                                                               crop):
    seen = look(make_model(), crop, 0, 1)
    expected = attention_by_hand(make_model(), crop)
    np.testing.assert_allclose(
        seen.heads, expected[1].mean(1).reshape(2, *GRID) * 12, rtol=1e-4)
    np.testing.assert_allclose(
        seen.means, expected.mean((1, 2)).reshape(3, *GRID) * 12, rtol=1e-4)
    np.testing.assert_allclose(seen.means.mean((1, 2)), 1.)
    half = [(matrix.mean(0) + np.eye(12)) / 2 for matrix in expected]
    np.testing.assert_allclose(
        seen.rollouts[2], (half[2] @ half[1] @ half[0]).mean(0).reshape(
            GRID) * 12, rtol=1e-4)
    assert (seen.extra == 0).all() and (seen.differences < 1e-5).all()
    assert seen.block == 1 and seen.patch is None


def test_a_point_of_the_image_looks_from_its_patch(make_model, crop):
    # 60, 50 pixels into the box are 30, 25 in the crop: column 1, row 1.
    assert find_patch(crop, (160, 250), GRID) == (1, 1)
    assert find_patch(crop, (101, 327), GRID) == (3, 0)
    seen = look(make_model(), crop, 0, -1, point=(160, 250))
    expected = attention_by_hand(make_model(), crop)
    np.testing.assert_allclose(
        seen.means[0], expected[0].mean(0)[4].reshape(GRID) * 12, rtol=1e-4)
    away = np.hypot(*(16 * (np.indices(GRID) - 1)))
    assert seen.distances[0] == pytest.approx(
        (expected[0].mean(0)[4].reshape(GRID) * away).sum(), rel=1e-4)
    with pytest.raises(ModelError, match='--point 90 250 lies outside'):
        look(make_model(), crop, 0, -1, point=(90, 250))


def test_attention_to_knowledge_tokens_is_told_apart(make_model, crop):
    model = make_model(num_knowledge_tokens=2)
    seen = look(model, crop, 0, -1)
    assert ((0.01 < seen.extra) & (seen.extra < 0.9)).all()
    np.testing.assert_allclose(seen.means.mean((1, 2)), 1 - seen.extra)
    assert seen.heads.shape == (2, *GRID)


def test_no_window_looks_beyond_itself(make_model, crop):
    model = make_model(attention=dict(window_size=(2, 2), shift=True))
    seen = look(model, crop, 0, 0, point=(160, 250))
    assert seen.heads[:, :2, :2].min() > 0
    assert seen.heads[:, 2:].max() == 0 == seen.heads[:, :, 2:].max()
    # Block 1 is shifted by a patch: rows and columns 1 and 2.
    assert seen.means[1, 1:3, 1:3].min() > 0
    assert seen.means[1].sum() == pytest.approx(
        seen.means[1, 1:3, 1:3].sum())


@pytest.mark.parametrize('block', [3, -4])
def test_a_block_that_is_not_there_is_named(block, make_model, crop):
    with pytest.raises(ModelError, match=f'--block {block}: the model has 3'):
        look(make_model(), crop, 0, block)


def test_distances_are_those_between_the_middles_of_patches():
    away = distances_between((2, 3), (32, 60))
    assert away.shape == (6, 6)
    assert float(away[0, 5]) == pytest.approx(np.hypot(16, 40))
    assert float(away[1, 2]) == 20.
