# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from torch import Tensor, nn

from .block import Block
from .token_layout import TokenLayout


class ViTAEBlock(Block):
    """Block of a plain ViTAE: attention and a convolution side by side.

    The convolution reads the tokens as they enter the block, without the
    norm that the attention has.

    Args:
        embed_dim: Channels of a token.
        attn: Maps tokens (B, N, C) and their layout to (B, N, C).
        mlp: Likewise.
        pcm: Likewise.
        drop_path_rate: Probability that a sample skips a residual branch;
            drawn for each of the three.
    """

    def __init__(self, embed_dim: int, attn: nn.Module, mlp: nn.Module,
                 pcm: nn.Module, drop_path_rate: float) -> None:
        super().__init__(embed_dim, attn, mlp, drop_path_rate)
        self.pcm = pcm

    def forward(self, x: Tensor, layout: TokenLayout) -> Tensor:
        """Transform tokens.

        Args:
            x: Tokens, shape (B, N, C).
            layout: What they are.

        Returns:
            Tokens, shape (B, N, C).
        """
        x = (x + self.drop_path(self.attn(self.norm1(x), layout))
             + self.drop_path(self.pcm(x, layout)))
        return x + self.drop_path(self.mlp(self.norm2(x), layout))
