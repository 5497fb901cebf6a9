# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import torch.nn.functional as F
from torch import Tensor, nn

from .block import TokenLayout


class Attention(nn.Module):
    """Multi-head self-attention over all tokens.

    Args:
        embed_dim: Channels of a token.
        num_heads: Heads; each has embed_dim / num_heads channels.
        qkv_bias: Whether the query, key and value projections have a bias.
    """

    def __init__(self,
                 embed_dim: int,
                 num_heads: int,
                 qkv_bias: bool = True) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.qkv = nn.Linear(embed_dim, 3 * embed_dim, bias=qkv_bias)
        self.proj = nn.Linear(embed_dim, embed_dim)

    def forward(self, x: Tensor, layout: TokenLayout) -> Tensor:
        """Mix tokens.

        Args:
            x: Tokens, shape (B, N, C).
            layout: Of no use here: all tokens see all.

        Returns:
            Tokens, shape (B, N, C).
        """
        return self.merge(F.scaled_dot_product_attention(*self.project(x)))

    def project(self, x: Tensor) -> Tensor:
        """Make queries, keys and values of tokens (B, N, C), together of
        shape (3, B, heads, N, C / heads)."""
        # Not unflatten: ONNX's tracer would write its number of samples down.
        qkv = self.qkv(x).reshape(*x.shape[:2], 3, self.num_heads,
                                  x.shape[2] // self.num_heads)
        return qkv.permute(2, 0, 3, 1, 4)

    def merge(self, x: Tensor) -> Tensor:
        """Make tokens (B, N, C) of the heads' (B, heads, N, C / heads)."""
        return self.proj(x.transpose(1, 2).flatten(2))
