# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Window attention against dense attention over all tokens, in float64."""
import itertools

import numpy as np
import pytest
import torch

from vitpose_mm.models.layers import Attention, TokenLayout, WindowAttention

DIM, HEADS = 12, 3

# Grids that windows fit, that they do not fit, that one window covers along
# one axis or both; even and odd windows.
CASES = [((6, 4), (3, 2)), ((8, 8), (4, 4)), ((5, 7), (3, 2)),
         ((4, 9), (6, 4)), ((7, 5), (3, 3)), ((3, 2), (5, 4))]
OPTIONS = [
    dict(zip(('shift', 'pooling', 'rel_pos'), values))
    for values in itertools.product((False, True), repeat=3)
]


def build(grid, window_size, std=1., **options) -> WindowAttention:
    attn = WindowAttention(DIM, HEADS, True, grid, window_size, **options)
    for param in attn.parameters():
        torch.nn.init.normal_(param, std=std)
    return attn.double()


def tokens(grid, extra: int = 0) -> torch.Tensor:
    return torch.randn(
        2, grid[0] * grid[1] + extra, DIM, dtype=torch.float64)


def dense(attn, x, grid, extra: int = 0) -> np.ndarray:
    """One sample, (N, C): the definition, token by token, without windows in
    the batch, without a roll, without padding and without fused kernels."""
    qkv_weight, qkv_bias, proj_weight, proj_bias = (
        t.detach().numpy() for t in (attn.qkv.weight, attn.qkv.bias,
                                     attn.proj.weight, attn.proj.bias))
    places = list(itertools.product(range(grid[0]), range(grid[1])))
    shift = [s // 2 if attn.shift and side > s else 0
             for s, side in zip(attn.window_size, grid)]

    def window(place, moved=(0, 0)):
        return tuple((p - m) // s
                     for p, m, s in zip(place, moved, attn.window_size))

    keys = x
    if attn.pooling:
        homes = [window(place) for place in places]
        means = [x[[i for i, h in enumerate(homes) if h == home]].mean(0)
                 for home in sorted(set(homes))]
        keys = np.concatenate([x, means])
    queries = np.split(x @ qkv_weight.T + qkv_bias, 3, 1)[0]
    keys, values = np.split(keys @ qkv_weight.T + qkv_bias, 3, 1)[1:]
    heads = []
    for q, k, v in zip(*(np.split(t, HEADS, 1)
                         for t in (queries, keys, values))):
        scores = q @ k.T / np.sqrt(DIM / HEADS)
        for i, j in itertools.product(range(len(places)), repeat=2):
            if window(places[i], shift) != window(places[j], shift):
                scores[i, j] = -np.inf
            elif attn.rel_pos is not None:
                scores[i, j] += bias(attn, q[i], places[i], places[j])
        # Further tokens follow the patches, and see them but no means.
        scores[len(places):, len(places) + extra:] = -np.inf
        weights = np.exp(scores - scores.max(1, keepdims=True))
        heads.append(weights / weights.sum(1, keepdims=True) @ v)
    return np.concatenate(heads, 1) @ proj_weight.T + proj_bias


def bias(attn, query, place, other) -> float:
    """The decomposed relative position bias as a double sum."""
    total = 0.
    for table, p, o, side in zip((attn.rel_pos.rows, attn.rel_pos.cols),
                                 place, other, attn.window_size):
        for channel, value in enumerate(query):
            total += value * table[p - o + side - 1, channel].item()
    return total


@pytest.mark.parametrize('options', OPTIONS, ids=lambda o: '-'.join(
    name for name, value in o.items() if value) or 'window')
def test_equals_dense_attention_with_an_explicit_mask(options):
    for grid, window_size in CASES:
        attn, x = build(grid, window_size, **options), tokens(grid)
        np.testing.assert_allclose(
            attn(x, TokenLayout(grid)).detach().numpy(),
            [dense(attn, sample, grid) for sample in x.numpy()],
            atol=1e-10,
            err_msg=f'{grid} {window_size}')


@pytest.mark.parametrize('options', [OPTIONS[0], OPTIONS[-1]])
def test_extra_tokens_see_all_patches_and_are_seen_in_all_windows(options):
    for grid, window_size in CASES:
        attn, x = build(grid, window_size, **options), tokens(grid, extra=2)
        np.testing.assert_allclose(
            attn(x, TokenLayout(grid)).detach().numpy(),
            [dense(attn, sample, grid, extra=2) for sample in x.numpy()],
            atol=1e-10,
            err_msg=f'{grid} {window_size}')


@pytest.mark.parametrize('shift', [False, True])
@pytest.mark.parametrize('window_size', [(6, 4), (7, 9), None])
def test_one_window_over_all_is_full_attention(shift, window_size):
    attn = build((6, 4), window_size, shift=shift)
    full = Attention(DIM, HEADS).double()
    full.load_state_dict(attn.state_dict())
    x, layout = tokens((6, 4)), TokenLayout((6, 4))
    torch.testing.assert_close(attn(x, layout), full(x, layout))


@pytest.mark.parametrize('grid', [(4, 4), (9, 5), (3, 7)])
def test_works_on_another_grid_than_that_of_training(grid):
    attn, x = build((8, 8), (4, 4), **OPTIONS[-1]), tokens(grid)
    np.testing.assert_allclose(
        attn(x, TokenLayout(grid)).detach().numpy(),
        [dense(attn, sample, grid) for sample in x.numpy()],
        atol=1e-10)


def test_one_window_over_any_grid_resamples_its_tables():
    attn, larger = build((4, 3), None, rel_pos=True), build((8, 6), (8, 6),
                                                            rel_pos=True)
    state = attn.state_dict()
    for name, side in (('rows', 8), ('cols', 6)):
        table = state[f'rel_pos.{name}'].numpy()
        places = (np.arange(2 * side - 1) + .5) / (2 * side - 1)
        known = (np.arange(len(table)) + .5) / len(table)
        state[f'rel_pos.{name}'] = torch.from_numpy(
            np.stack([np.interp(places, known, c) for c in table.T], 1))
    larger.load_state_dict(state)
    x, layout = tokens((8, 6)), TokenLayout((8, 6))
    torch.testing.assert_close(
        attn(x, layout), larger(x, layout), atol=1e-4, rtol=1e-4)


def test_nothing_is_masked_where_windows_fit_so_that_fast_kernels_run():
    assert build((8, 8), (4, 4), pooling=True, rel_pos=True).mask is None
    assert build((8, 8), (4, 4), shift=True).mask is not None
    assert build((8, 8), (4, 5)).mask is not None


def test_a_checkpoint_holds_weights_only():
    attn = build((5, 7), (3, 2), **OPTIONS[-1])
    assert set(attn.state_dict()) == {
        name for name, _ in attn.named_parameters()}


@pytest.mark.parametrize('options', OPTIONS)
def test_bf16_stays_close_to_fp32(options):
    attn = build((5, 7), (3, 2), std=0.3, **options).float()
    x = tokens((5, 7)).float()
    expected = attn(x, TokenLayout((5, 7)))
    tolerance = dict(atol=0.02, rtol=0.05)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        mixed = attn(x, TokenLayout((5, 7)))
    torch.testing.assert_close(mixed.float(), expected, **tolerance)
    half = attn.bfloat16()(x.bfloat16(), TokenLayout((5, 7)))
    torch.testing.assert_close(half.float(), expected, **tolerance)
