# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .mlp import Mlp
from .token_layout import TokenLayout


class PartialMoEMlp(nn.Module):
    """Feed-forward network of which each dataset owns a part of the output.

    The choice of ViTPose+ (arXiv 2212.04246, section 3.3): all datasets share
    fc1 and the first channels of fc2; the last ``part_features`` channels
    come from the expert of the sample's dataset. There is no gate.

    Args:
        embed_dim: Channels of a token.
        hidden_dim: Channels between the two maps.
        num_experts: Datasets.
        part_features: Channels of an expert, below embed_dim.
    """

    def __init__(self, embed_dim: int, hidden_dim: int, num_experts: int,
                 part_features: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(embed_dim, hidden_dim)
        self.fc2 = nn.Linear(hidden_dim, embed_dim - part_features)
        self.experts = nn.ModuleList(
            nn.Linear(hidden_dim, part_features) for _ in range(num_experts))

    def forward(self, x: Tensor, layout: TokenLayout) -> Tensor:
        """Transform each token by itself.

        Args:
            x: Tokens, shape (B, N, C).
            layout: Its ``lengths`` say which samples are whose; experts
                without samples get zero gradients.

        Returns:
            Tokens, shape (B, N, C).
        """
        hidden = F.gelu(self.fc1(x))
        parts = hidden.split(layout.lengths)
        own = [expert(part) for expert, part in zip(self.experts, parts)]
        return torch.cat([self.fc2(hidden), torch.cat(own)], dim=-1)

    def fold(self, index: int) -> Mlp:
        """Make the equivalent network for one expert."""
        expert = self.experts[index]
        mlp = Mlp(self.fc1.in_features, self.fc1.out_features)
        mlp.fc1 = self.fc1
        mlp.fc2.weight = nn.Parameter(
            torch.cat([self.fc2.weight, expert.weight]))
        mlp.fc2.bias = nn.Parameter(torch.cat([self.fc2.bias, expert.bias]))
        return mlp
