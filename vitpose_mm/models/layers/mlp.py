# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import torch.nn.functional as F
from torch import Tensor, nn

from .token_layout import TokenLayout


class Mlp(nn.Module):
    """Feed-forward network of a block: two linear maps around a GELU.

    Args:
        embed_dim: Channels of a token.
        hidden_dim: Channels between the two maps.
    """

    def __init__(self, embed_dim: int, hidden_dim: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(embed_dim, hidden_dim)
        self.fc2 = nn.Linear(hidden_dim, embed_dim)

    def forward(self, x: Tensor, layout: TokenLayout) -> Tensor:
        """Transform each token by itself.

        Args:
            x: Tokens, shape (B, N, C).
            layout: Of no use here: each token is for itself.

        Returns:
            Tokens, shape (B, N, C).
        """
        return self.fc2(F.gelu(self.fc1(x)))
