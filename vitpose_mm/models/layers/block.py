# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import NamedTuple, Optional, Tuple

from mmcv.cnn.bricks import DropPath
from torch import Tensor, nn

# The papers' code and every released checkpoint use this epsilon, not
# PyTorch's default of 1e-5.
LAYER_NORM_EPS = 1e-6


class TokenLayout(NamedTuple):
    """What the tokens (B, N, C) of a batch are.

    The backbone states it once per batch, in numbers that the host knows
    without waiting for the device, and hands it to every block.

    Attributes:
        grid: (rows, columns) of the patches, whose tokens come first, in
            row-major order.
        lengths: Consecutive samples of the batch per expert, in the order of
            the experts; None in a model without experts.
        expert: The expert of all samples, whose number then stays open, as
            an export needs; ``lengths`` is not read.
    """

    grid: Tuple[int, int]
    lengths: Optional[Tuple[int, ...]] = None
    expert: Optional[int] = None


class Block(nn.Module):
    """Pre-norm transformer block: attention, then a feed-forward network.

    Both parts are handed in, so that a backbone with another attention or
    another feed-forward network shares this block.

    Args:
        embed_dim: Channels of a token.
        attn: Attention; maps tokens (B, N, C) and their layout to (B, N, C).
        mlp: Feed-forward network; maps tokens and their layout to (B, N, C).
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


class ViTAEBlock(Block):
    """Block of a plain ViTAE: attention and a convolution side by side.

    The convolution reads the tokens as they enter the block, without the
    norm that the attention has.

    Args:
        embed_dim: Channels of a token.
        attn: Attention; maps tokens (B, N, C) and their layout to (B, N, C).
        mlp: Feed-forward network; maps tokens and their layout to (B, N, C).
        pcm: Convolution; maps tokens and their layout to (B, N, C).
        drop_path_rate: Probability that a sample skips a residual branch;
            drawn for each of the three.
    """

    def __init__(self, embed_dim: int, attn: nn.Module, mlp: nn.Module,
                 pcm: nn.Module, drop_path_rate: float) -> None:
        super().__init__(embed_dim, attn, mlp, drop_path_rate)
        self.pcm = pcm

    def forward(self, x: Tensor, layout: TokenLayout) -> Tensor:
        """Transform tokens (B, N, C), whose patches lie as ``layout`` says;
        returns as many."""
        x = (x + self.drop_path(self.attn(self.norm1(x), layout))
             + self.drop_path(self.pcm(x, layout)))
        return x + self.drop_path(self.mlp(self.norm2(x), layout))
