# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from mmcv.cnn.bricks import DropPath
from torch import Tensor, nn

from .token_layout import TokenLayout

# The papers' code and every released checkpoint use this epsilon, not
# PyTorch's default of 1e-5.
LAYER_NORM_EPS = 1e-6


class Block(nn.Module):
    """Pre-norm transformer block: attention, then a feed-forward network.

    Both parts are handed in, so that a backbone with another attention or
    another feed-forward network shares this block.

    Args:
        embed_dim: Channels of a token.
        attn: Maps tokens (B, N, C) and their layout to (B, N, C).
        mlp: Likewise.
        drop_path_rate: Probability that a sample skips a residual branch.
    """

    def __init__(self, embed_dim: int, attn: nn.Module, mlp: nn.Module,
                 drop_path_rate: float) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(embed_dim, eps=LAYER_NORM_EPS)
        self.attn = attn
        self.norm2 = nn.LayerNorm(embed_dim, eps=LAYER_NORM_EPS)
        self.mlp = mlp
        self.drop_path = DropPath(drop_path_rate)

    def forward(self, x: Tensor, layout: TokenLayout) -> Tensor:
        """Transform tokens.

        Args:
            x: Tokens, shape (B, N, C).
            layout: What they are.

        Returns:
            Tokens, shape (B, N, C).
        """
        x = x + self.drop_path(self.attn(self.norm1(x), layout))
        return x + self.drop_path(self.mlp(self.norm2(x), layout))
