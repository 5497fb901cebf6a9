# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch

from vitpose_mm.models.layers import (IndependentMoEMlp, PartialMoEMlp,
                                      SharedMoEMlp, TokenLayout)
from vitpose_tools.analyze.similarity import (cosines, expert_outputs,
                                              linear_cka, weight_vectors)

DIM, HIDDEN, EXPERTS = 6, 10, 3


def make(kind, fill):
    own = (2, ) if kind is PartialMoEMlp else ()
    return fill(kind(DIM, HIDDEN, EXPERTS, *own))


def array(tensor):
    return tensor.detach().double().numpy()


def test_cosines_are_those_between_rows():
    rows = np.random.default_rng(0).normal(size=(4, 50))
    expected = [[a @ b / np.linalg.norm(a) / np.linalg.norm(b) for b in rows]
                for a in rows]
    found = cosines(torch.from_numpy(rows))
    np.testing.assert_allclose(found, expected, atol=1e-12)
    np.testing.assert_allclose(cosines(torch.tensor([[1., 0.], [-3., 3.]])),
                               [[1, -.5**.5], [-.5**.5, 1]], atol=1e-6)


def test_parts_of_the_output_are_compared_as_they_are(fill):
    mlp = make(PartialMoEMlp, fill)
    rows = [np.append(array(expert.weight).ravel(), array(expert.bias))
            for expert in mlp.experts]
    expected = np.corrcoef(rows) * 0
    for i, a in enumerate(rows):
        for j, b in enumerate(rows):
            expected[i, j] = a @ b / np.sqrt((a @ a) * (b @ b))
    np.testing.assert_allclose(cosines(weight_vectors(mlp)).detach(),
                               expected, atol=1e-12)


@pytest.mark.parametrize('kind', [IndependentMoEMlp, SharedMoEMlp])
def test_the_order_of_hidden_channels_of_whole_networks_does_not_matter(
        kind, fill):
    mlp = make(kind, fill)
    before = cosines(weight_vectors(mlp)).detach()
    expert, order = mlp.experts[1], torch.randperm(HIDDEN)
    x = torch.randn(1, 5, DIM)
    output = expert(x, TokenLayout((1, 5)))
    raw = expert.fc1.weight.clone()
    for linear in (expert.fc1, expert.fc2):
        along = linear is expert.fc2
        linear.weight.data = linear.weight.data.index_select(
            int(along), order)
    expert.fc1.bias.data = expert.fc1.bias.data[order]

    torch.testing.assert_close(expert(x, TokenLayout((1, 5))), output)
    assert not torch.equal(expert.fc1.weight, raw)
    torch.testing.assert_close(cosines(weight_vectors(mlp)).detach(), before)
    product = array(expert.fc2.weight) @ np.column_stack(
        (array(expert.fc1.weight), array(expert.fc1.bias)))
    np.testing.assert_allclose(array(weight_vectors(mlp)[1]),
                               product.ravel(), atol=1e-12)


@pytest.mark.parametrize('kind', [PartialMoEMlp, IndependentMoEMlp,
                                  SharedMoEMlp])
def test_outputs_are_the_experts_share_of_the_module_s_own(kind, fill):
    mlp, tokens = make(kind, fill), torch.randn(7, DIM)
    for expert, own in enumerate(expert_outputs(mlp, tokens)):
        whole = mlp(tokens[None], TokenLayout((1, 7), expert=expert))[0]
        if kind is SharedMoEMlp:
            whole = whole - mlp.fc2(torch.nn.functional.gelu(mlp.fc1(tokens)))
        torch.testing.assert_close(own, whole[:, -own.shape[1]:])


def cka_of_kernels(x, y):
    """Song et al., JMLR 2012, equation 5, as it is written."""

    def hsic(k, m):
        n, ones = len(k), np.ones(len(k))
        return (np.trace(k @ m) + (ones @ k @ ones) * (ones @ m @ ones)
                / ((n - 1) * (n - 2)) - 2 / (n - 2) * (ones @ k @ m @ ones)
                ) / (n * (n - 3))

    k, m = x @ x.T, y @ y.T
    np.fill_diagonal(k, 0)
    np.fill_diagonal(m, 0)
    return hsic(k, m) / np.sqrt(hsic(k, k) * hsic(m, m))


def test_cka_is_that_of_the_kernels_of_the_tokens():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(40, 5)) + 3
    y = x @ rng.normal(size=(5, 7)) + rng.normal(size=(40, 7))
    found = linear_cka([torch.from_numpy(x), torch.from_numpy(y)])
    expected = cka_of_kernels(x, y)
    assert 0.3 < expected < 0.99
    np.testing.assert_allclose(found, [[1, expected], [expected, 1]],
                               atol=1e-10)


def test_cka_does_not_see_order_rotation_scale_and_shift_of_channels():
    rng = np.random.default_rng(2)
    x = rng.normal(size=(64, 6)) * [1, 2, 3, 4, 5, 6]
    rotation = np.linalg.qr(rng.normal(size=(6, 6)))[0]
    outputs = [x, x[:, ::-1].copy(), 5 * x @ rotation - 2]
    np.testing.assert_allclose(
        linear_cka([torch.from_numpy(out) for out in outputs]), np.ones(
            (3, 3)), atol=1e-9)


def test_unrelated_outputs_of_few_tokens_are_not_alike():
    rng = np.random.default_rng(3)
    values = [float(linear_cka([torch.from_numpy(rng.normal(size=(50, 50)))
                                for _ in range(2)])[0, 1])
              for _ in range(20)]
    # The estimate that is not unbiased would say 0.5.
    assert abs(np.mean(values)) < 0.02
