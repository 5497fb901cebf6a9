# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Against the modules, which compute with fused kernels in cut-out windows,
and against sums that are written out."""
import itertools

import numpy as np
import pytest
import torch

from vitpose_mm.models.layers import Attention, TokenLayout, WindowAttention
from vitpose_tools.analyze.attention import (attention_matrix, check_matrix,
                                             rollout)
from vitpose_tools.predict.open_model import ModelError

DIM, HEADS = 8, 2


def randomise(attn):
    """Random parameters; masks are to stay as they are."""
    for parameter in attn.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    return attn


def window(grid, size, **options):
    return WindowAttention(DIM, HEADS, True, grid, size, **options)


CASES = {
    'plain': (Attention(DIM, HEADS), (5, 4)),
    'no bias': (Attention(DIM, HEADS, qkv_bias=False), (5, 4)),
    'windows': (window((4, 6), (2, 3)), (4, 6)),
    'padded': (window((5, 4), (2, 3)), (5, 4)),
    'shifted': (window((4, 6), (2, 3), shift=True), (4, 6)),
    'shifted and padded': (window((5, 7), (3, 4), shift=True), (5, 7)),
    'pooled': (window((4, 6), (2, 3), pooling=True), (4, 6)),
    'pooled, shifted, padded':
    (window((5, 7), (3, 4), shift=True, pooling=True), (5, 7)),
    'relative': (window((4, 3), None, rel_pos=True), (4, 3)),
    'all': (window((5, 7), (3, 4), shift=True, pooling=True, rel_pos=True),
            (5, 7)),
    'another grid':
    (window((5, 7), (3, 4), shift=True, pooling=True, rel_pos=True), (6, 9)),
    'another grid without windows':
    (window((4, 3), None, rel_pos=True), (5, 6)),
}


@pytest.mark.parametrize('extra', [0, 2])
@pytest.mark.parametrize('name', CASES)
def test_the_matrix_gives_the_output_of_the_module(name, extra):
    attn, grid = CASES[name]
    randomise(attn)
    x = torch.randn(2, grid[0] * grid[1] + extra, DIM)
    layout = TokenLayout(grid)
    with torch.no_grad():
        matrix = attention_matrix(attn, x, layout)
        output = attn(x, layout)
        apart = check_matrix(attn, matrix, x, output, 3)
        assert apart < 1e-5
        assert matrix.shape == (2, HEADS, x.shape[1], x.shape[1])
        torch.testing.assert_close(matrix.sum(3), torch.ones_like(matrix[
            ..., 0]))
        with pytest.raises(ModelError, match='block 3, a .*Attention'):
            check_matrix(attn, matrix, x, output * 1.01, 3)


def test_shifted_windows_are_put_back_to_the_image():
    attn = randomise(window((4, 4), (2, 2), shift=True))
    x = torch.randn(1, 16, DIM)
    with torch.no_grad():
        seen = attention_matrix(attn, x, TokenLayout((4, 4)))[0, 0] > 0
    # Windows begin at row and column -1, 1 and 3; borders do not meet.
    part = [0, 1, 1, 2]
    for (i, a), (j, b) in itertools.product(
            enumerate(itertools.product(range(4), repeat=2)), repeat=2):
        alike = all(part[m] == part[n] for m, n in zip(a, b))
        assert bool(seen[i, j]) == alike


def test_pooled_windows_count_for_their_patches_alike():
    """Against a softmax that is written out, for one query."""
    attn = randomise(window((2, 3), (2, 2), pooling=True))
    x = torch.randn(1, 6, DIM)
    with torch.no_grad():
        matrix = attention_matrix(attn, x, TokenLayout((2, 3)))
        weight, bias = (array.double().numpy() for array in
                        (attn.qkv.weight, attn.qkv.bias))
    q, k, _ = np.split(x[0].double().numpy() @ weight.T + bias, 3, axis=1)
    size = DIM // HEADS
    for head in range(HEADS):
        mine = slice(head * size, (head + 1) * size)
        # Patch 0 is in the window of 0, 1, 3, 4; the other holds 2 and 5.
        first, second = [0, 1, 3, 4], [2, 5]
        keys = [k[p, mine] for p in first] + [
            k[first, mine].mean(0), k[second, mine].mean(0)]
        scores = np.exp(np.array(keys) @ q[0, mine] / size**.5)
        scores /= scores.sum()
        expected = np.zeros(6)
        expected[first] = scores[:4] + scores[4] / 4
        expected[second] = scores[5] / 2
        np.testing.assert_allclose(matrix[0, head, 0], expected, atol=1e-12)


def test_rollout_is_the_product_of_half_attention_and_half_residual():
    a = np.array([[.5, .5], [.2, .8]])
    b = np.array([[1., 0.], [.6, .4]])
    first, second = rollout([torch.from_numpy(a), torch.from_numpy(b)])
    np.testing.assert_allclose(first, [[.75, .25], [.1, .9]])
    # [[1, 0], [.3, .7]] times the first.
    np.testing.assert_allclose(second, [[.75, .25], [.295, .705]])
