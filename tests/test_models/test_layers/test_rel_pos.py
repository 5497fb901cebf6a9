# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch

from vitpose_mm.models.layers.rel_pos import RelPos, resize_rel_pos

SIZE, DIM, HEADS, FURTHER = (3, 4), 5, 2, 2


def closed_form(module, q, k, v, size) -> np.ndarray:
    """One head: the score of query i and key j with its bias as a sum."""
    rows, cols = (t.detach().numpy() for t in (module.rows, module.cols))
    out = []
    for i, query in enumerate(q):
        scores = k @ query / np.sqrt(DIM)
        for j in range(len(q)):
            row, col = np.subtract(divmod(i, size[1]), divmod(j, size[1]))
            scores[j] += query @ rows[row + size[0] - 1]
            scores[j] += query @ cols[col + size[1] - 1]
        weights = np.exp(scores - scores.max())
        out.append(weights / weights.sum() @ v)
    return np.array(out)


def test_equals_the_closed_form_and_leaves_extra_keys_without_bias():
    module = RelPos(SIZE, DIM).double()
    for table in module.parameters():
        torch.nn.init.normal_(table)
    num = SIZE[0] * SIZE[1]
    q, k, v = (torch.randn(2, HEADS, count, DIM, dtype=torch.float64)
               for count in (num, num + FURTHER, num + FURTHER))
    found = module(q, k, v, SIZE, None).detach().numpy()
    for index in np.ndindex(2, HEADS):
        np.testing.assert_allclose(
            found[index],
            closed_form(module, *(t[index].numpy() for t in (q, k, v)), SIZE),
            atol=1e-12)


def test_no_matrix_of_queries_times_keys_is_kept_for_the_backward_pass():
    size = (16, 16)
    num = size[0] * size[1]
    q, k, v = (torch.randn(1, HEADS, num, DIM, requires_grad=True)
               for _ in range(3))
    kept = []
    with torch.autograd.graph.saved_tensors_hooks(
            lambda t: kept.append(t.numel()) or t, lambda t: t):
        RelPos(size, DIM)(q, k, v, size, None)
    # Queries have DIM channels and size[0] + size[1] of the bias.
    assert max(kept) <= HEADS * num * (DIM + sum(size)) < HEADS * num**2


@pytest.mark.parametrize('length', [1, 5, 9, 20])
def test_resize_is_linear_between_the_middles(length):
    table = torch.randn(7, 3)
    places = (np.arange(length) + .5) / length
    known = (np.arange(7) + .5) / 7
    expected = [np.interp(places, known, c) for c in table.numpy().T]
    np.testing.assert_allclose(
        resize_rel_pos(table, length).numpy(),
        np.transpose(expected),
        atol=1e-6)


def test_equal_length_returns_the_table_itself():
    table = torch.randn(7, 3)
    assert resize_rel_pos(table, 7) is table
