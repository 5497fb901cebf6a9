# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import torch
from torch import Tensor, nn

from .mlp import Mlp
from .token_layout import TokenLayout


class IndependentMoEMlp(nn.Module):
    """A feed-forward network for each dataset, nothing shared.

    An ablation of ViTPose+ (arXiv 2212.04246, section 3.3).

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
        """Transform each token by itself.

        Args:
            x: Tokens, shape (B, N, C).
            layout: Its ``lengths`` say which samples are whose; experts
                without samples get zero gradients.

        Returns:
            Tokens, shape (B, N, C).
        """
        parts = x.split(layout.lengths)
        return torch.cat([
            expert(part, layout) for expert, part in zip(self.experts, parts)
        ])

    def fold(self, index: int) -> Mlp:
        """Return the network of one expert."""
        return self.experts[index]
