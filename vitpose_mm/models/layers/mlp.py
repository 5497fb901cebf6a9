# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Optional

import torch.nn.functional as F
from torch import Tensor, nn

from .block import TokenLayout


class Mlp(nn.Module):
    """Feed-forward network of a block: two linear maps around a GELU.

    Args:
        embed_dim: Channels of a token.
        hidden_dim: Channels between the two maps.
        out_dim: Channels of the output; by default embed_dim.
    """

    def __init__(self,
                 embed_dim: int,
                 hidden_dim: int,
                 out_dim: Optional[int] = None) -> None:
        super().__init__()
        self.fc1 = nn.Linear(embed_dim, hidden_dim)
        self.fc2 = nn.Linear(hidden_dim, out_dim or embed_dim)

    def forward(self, x: Tensor, layout: TokenLayout) -> Tensor:
        """Transform each token by itself.

        Args:
            x: Tokens, shape (B, N, C).
            layout: Of no use here: each token is for itself.

        Returns:
            Tokens, shape (B, N, out_dim).
        """
        return self.fc2(F.gelu(self.fc1(x)))
