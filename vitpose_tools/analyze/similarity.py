# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""How alike experts are: pure functions, computed in float64."""
from typing import Sequence

import torch
from torch import Tensor, nn

from vitpose_mm.models.layers import IndependentMoEMlp, Mlp, PartialMoEMlp


def weight_vectors(mlp: nn.Module) -> Tensor:
    """What to compare of the experts' weights of a block.

    - Parts of the output ('partial'): weight and bias as they are. All
      experts read the same hidden channels and write to the same channels of
      the tokens, so there is no order of channels to choose.
    - Whole networks ('independent', 'shared_independent'): fc2.weight times
      fc1's weight and bias. Each has its own hidden channels, whose order
      means nothing; the product does not depend on it. It is the network
      without its GELU.

    Args:
        mlp: Feed-forward network of a block of a ViTMoE.

    Returns:
        One row per expert, float64.
    """
    return torch.stack([expert_vector(expert) for expert in mlp.experts])


def expert_vector(expert: nn.Module) -> Tensor:
    """Row of one expert, see weight_vectors."""
    if isinstance(expert, Mlp):
        return (expert.fc2.weight.double() @ affine(expert.fc1)).flatten()
    return affine(expert).flatten()


def affine(linear: nn.Linear) -> Tensor:
    """Weight with the bias as its last column, float64."""
    return torch.cat([linear.weight, linear.bias[:, None]], 1).double()


def cosines(vectors: Tensor) -> Tensor:
    """Cosines between rows (E, D): 1 the same direction, 0 unrelated; NaN of
    a row of zeros. Shape (E, E)."""
    gram = vectors @ vectors.T
    norms = gram.diagonal().sqrt()
    return gram / torch.outer(norms, norms)


def expert_outputs(mlp: nn.Module, tokens: Tensor) -> Sequence[Tensor]:
    """What each expert makes of the same tokens (n, C): its part of the
    output, or, where the experts are whole networks, what each adds."""
    if isinstance(mlp, PartialMoEMlp):
        hidden = nn.functional.gelu(mlp.fc1(tokens))
        return [expert(hidden) for expert in mlp.experts]
    assert isinstance(mlp, IndependentMoEMlp)
    return [expert(tokens[None], None)[0] for expert in mlp.experts]


def linear_cka(outputs: Sequence[Tensor]) -> Tensor:
    """Linear CKA (Kornblith et al., arXiv 1905.00414) between outputs for
    the same tokens, with the unbiased estimate of HSIC (Song et al., 2012),
    so that few tokens do not make everything alike.

    It compares which tokens are near each other in either output, so neither
    the order nor a rotation of the channels matters.

    Args:
        outputs: E of them, each of shape (n, channels), n > 3.

    Returns:
        Shape (E, E), float64: 1 alike up to rotation and scale, about 0
        unrelated (it may be slightly below). NaN if an output is constant.
    """
    # Centred first, which changes no HSIC but its rounding.
    outputs = [out.double() - out.double().mean(0) for out in outputs]
    size = len(outputs)
    hsic = torch.empty(size, size, dtype=torch.float64)
    for i, x in enumerate(outputs):
        for j, y in enumerate(outputs[:i + 1]):
            hsic[i, j] = hsic[j, i] = unbiased_hsic(x, y)
    own = hsic.diagonal().clamp(min=0).sqrt()
    return hsic / torch.outer(own, own)


def unbiased_hsic(x: Tensor, y: Tensor) -> Tensor:
    """Of linear kernels of rows (n, C), without their n x n matrices."""
    n = len(x)
    own_x, own_y = x.square().sum(1), y.square().sum(1)
    # Rows of the kernels without their diagonals, summed.
    row_x, row_y = x @ x.sum(0) - own_x, y @ y.sum(0) - own_y
    shared = (x.T @ y).square().sum() - own_x @ own_y
    means = row_x.sum() * row_y.sum() / ((n - 1) * (n - 2))
    return (shared + means - 2 * (row_x @ row_y) / (n - 2)) / (n * (n - 3))
