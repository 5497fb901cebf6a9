# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Feed-forward networks of ViTPose+ (arXiv 2212.04246, section 3.3).

There is no gate: the dataset of a sample is its expert. Samples of one
expert are consecutive, as the layout's ``lengths`` say; experts without
samples compute nothing and get zero gradients, or none if the layout names
one ``expert`` for all.
"""
from typing import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .block import TokenLayout
from .mlp import Mlp


def through_experts(run: Callable[[nn.Module, Tensor], Tensor],
                    experts: nn.ModuleList, x: Tensor,
                    layout: TokenLayout) -> Tensor:
    """Run each of the samples (B, N, ...) through its own expert."""
    if layout.expert is not None:
        return run(experts[layout.expert], x)
    return torch.cat([
        run(expert, part)
        for expert, part in zip(experts, x.split(layout.lengths))
    ])


class PartialMoEMlp(Mlp):
    """Each dataset owns a part of the output: the choice of ViTPose+.

    All datasets share fc1 and the first channels of fc2; the last
    ``part_features`` channels come from the expert of the sample's dataset.

    Args:
        embed_dim: Channels of a token.
        hidden_dim: Channels between the two maps.
        num_experts: Datasets.
        part_features: Channels of an expert, below embed_dim.
    """

    def __init__(self, embed_dim: int, hidden_dim: int, num_experts: int,
                 part_features: int) -> None:
        super().__init__(embed_dim, hidden_dim, embed_dim - part_features)
        self.experts = nn.ModuleList(
            nn.Linear(hidden_dim, part_features) for _ in range(num_experts))

    def forward(self, x: Tensor, layout: TokenLayout) -> Tensor:
        """Transform each of the tokens (B, N, C) by itself."""
        hidden = F.gelu(self.fc1(x))
        own = through_experts(lambda expert, part: expert(part), self.experts,
                              hidden, layout)
        return torch.cat([self.fc2(hidden), own], dim=-1)

    def fold(self, index: int) -> Mlp:
        """Make the equivalent network for one expert."""
        expert = self.experts[index]
        mlp = Mlp(self.fc1.in_features, self.fc1.out_features)
        mlp.fc1 = self.fc1
        mlp.fc2.weight = nn.Parameter(
            torch.cat([self.fc2.weight, expert.weight]))
        mlp.fc2.bias = nn.Parameter(torch.cat([self.fc2.bias, expert.bias]))
        return mlp


class IndependentMoEMlp(nn.Module):
    """A whole network for each dataset, nothing shared: an ablation.

    Args:
        embed_dim: Channels of a token.
        hidden_dim: Channels between the two maps.
        num_experts: Datasets.
    """

    def __init__(self, embed_dim: int, hidden_dim: int,
                 num_experts: int) -> None:
        super().__init__()
        self.experts = nn.ModuleList(
            Mlp(embed_dim, hidden_dim) for _ in range(num_experts))

    def forward(self, x: Tensor, layout: TokenLayout) -> Tensor:
        """Transform each of the tokens (B, N, C) by itself."""
        return through_experts(lambda expert, part: expert(part, layout),
                               self.experts, x, layout)

    def fold(self, index: int) -> Mlp:
        """Return the network of one expert."""
        return self.experts[index]


class SharedMoEMlp(IndependentMoEMlp):
    """The sum of a network for all datasets and one for each: an ablation.

    Args:
        embed_dim: Channels of a token.
        hidden_dim: Channels between the two maps of either network.
        num_experts: Datasets.
    """

    def __init__(self, embed_dim: int, hidden_dim: int,
                 num_experts: int) -> None:
        super().__init__(embed_dim, hidden_dim, num_experts)
        self.fc1 = nn.Linear(embed_dim, hidden_dim)
        self.fc2 = nn.Linear(hidden_dim, embed_dim)

    def forward(self, x: Tensor, layout: TokenLayout) -> Tensor:
        """Transform each of the tokens (B, N, C) by itself."""
        return self.fc2(F.gelu(self.fc1(x))) + super().forward(x, layout)

    def fold(self, index: int) -> Mlp:
        """Make the equivalent network, of twice the hidden channels."""
        own = self.experts[index]
        mlp = Mlp(self.fc1.in_features, 2 * self.fc1.out_features)
        mlp.fc1.weight = nn.Parameter(
            torch.cat([self.fc1.weight, own.fc1.weight]))
        mlp.fc1.bias = nn.Parameter(torch.cat([self.fc1.bias, own.fc1.bias]))
        mlp.fc2.weight = nn.Parameter(
            torch.cat([self.fc2.weight, own.fc2.weight], dim=1))
        mlp.fc2.bias = nn.Parameter(self.fc2.bias + own.fc2.bias)
        return mlp
