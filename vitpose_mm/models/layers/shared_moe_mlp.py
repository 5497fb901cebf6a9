# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .independent_moe_mlp import IndependentMoEMlp
from .mlp import Mlp
from .token_layout import TokenLayout


class SharedMoEMlp(IndependentMoEMlp):
    """The sum of a network for all datasets and one for each.

    An ablation of ViTPose+ (arXiv 2212.04246, section 3.3).

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
        """Transform each token by itself, as the base class does."""
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
