# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Optional, Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from ..layers.deformable_attention import DeformableAttention


class TokenAttention(nn.Module):
    """Multi-head self-attention whose queries and keys know positions.

    Args:
        embed_dim: Channels of a token.
        num_heads: Heads; each has embed_dim / num_heads channels.
    """

    def __init__(self, embed_dim: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.query_key = nn.Linear(embed_dim, 2 * embed_dim)
        self.value = nn.Linear(embed_dim, embed_dim)
        self.proj = nn.Linear(embed_dim, embed_dim)

    def forward(self, x: Tensor, pos: Tensor,
                mask: Optional[Tensor] = None) -> Tensor:
        """Mix tokens.

        Args:
            x: Tokens, shape (B, G, N, C): those of each of G groups see each
                other.
            pos: Their positions, of the same shape.
            mask: Which token (rows) may see which, bool, shape (B, N, N).

        Returns:
            Tokens, of the same shape.
        """
        query, key = (self.split(part)
                      for part in self.query_key(x + pos).chunk(2, -1))
        if mask is not None:
            mask = mask.repeat_interleave(x.shape[1], 0)[:, None]
        # Four dimensions, which fast kernels and exporters ask for.
        mixed = F.scaled_dot_product_attention(
            query, key, self.split(self.value(x)), attn_mask=mask)
        return self.proj(mixed.transpose(1, 2).reshape(x.shape))

    def split(self, x: Tensor) -> Tensor:
        """Split (B, G, N, C) into heads, (B * G, heads, N, C / heads)."""
        return x.reshape(-1, x.shape[2], self.num_heads,
                         x.shape[3] // self.num_heads).transpose(1, 2)


class QueryPoseLayer(nn.Module):
    """A layer of the decoder: tokens of people look at each other, then at
    the image.

    Within and across people as in GroupPose (arXiv 2308.07313, section 3.3):
    first the 1 + K tokens of each person, then the N people, each kind of
    token by itself.

    Args:
        embed_dim: Channels of a token.
        num_heads: Heads of the attentions.
        num_levels: Maps of the image.
        num_points: Places at which each head looks in each.
    """

    def __init__(self, embed_dim: int, num_heads: int, num_levels: int,
                 num_points: int) -> None:
        super().__init__()
        self.within = TokenAttention(embed_dim, num_heads)
        self.across = TokenAttention(embed_dim, num_heads)
        self.cross = DeformableAttention(embed_dim, num_heads, num_levels,
                                         num_points)
        self.mlp = nn.Sequential(
            nn.Linear(embed_dim, 4 * embed_dim), nn.GELU(),
            nn.Linear(4 * embed_dim, embed_dim))
        self.norms = nn.ModuleList(nn.LayerNorm(embed_dim) for _ in range(4))

    def forward(self, x: Tensor, pos: Tensor, points: Tensor,
                levels: Sequence[Tensor],
                mask: Optional[Tensor] = None) -> Tensor:
        """Transform the tokens of N people.

        Args:
            x: Tokens, shape (B, N, 1 + K, C): the person's, then those of
                its keypoints.
            pos: Their positions, of the same shape.
            points: The same as fractions of the image, (B, N, 1 + K, 2).
            levels: Maps of the image, (B, C, h, w).
            mask: Which person (rows) may see which, bool, shape (B, N, N).

        Returns:
            Tokens, of the same shape.
        """
        x = x + self.within(self.norms[0](x), pos)
        x = x + self.across(
            self.norms[1](x).transpose(1, 2), pos.transpose(1, 2),
            mask).transpose(1, 2)
        tokens = (self.norms[2](x) + pos).flatten(1, 2)
        seen = self.cross(tokens, points.flatten(1, 2), levels)
        x = x + seen.reshape(x.shape)
        return x + self.mlp(self.norms[3](x))
