# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from contextlib import contextmanager
from typing import Iterator

from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.modules.batchnorm import _BatchNorm

from .block import TokenLayout

# Published code widens four times whatever the feed-forward network does, and
# lets four channels share a kernel.
EXPANSION = 4
CHANNELS_PER_GROUP = 4


class ParallelConv(nn.Sequential):
    """Parallel convolutional module (PCM) of ViTAE (arXiv 2106.03348).

    Convolution to 4 C channels, batch norm, SiLU, convolution back to C
    channels, over the map of the patches. Parameters are named as in the
    published code: 0 and 3 are the convolutions, 1 is the norm.

    Args:
        embed_dim: Channels of a token, a multiple of 4.
        kernel_size: Side of both kernels, odd. 1 looks at single tokens, so
            it may see tokens in any order, as masked pre-training needs.

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(self, embed_dim: int, kernel_size: int = 3) -> None:
        if kernel_size < 1 or kernel_size % 2 == 0:
            raise ValueError(f'kernel_size={kernel_size} must be odd')
        if embed_dim % CHANNELS_PER_GROUP:
            raise ValueError(f'embed_dim={embed_dim} must be a multiple of '
                             f'{CHANNELS_PER_GROUP} for a ViTAE')
        hidden_dim = EXPANSION * embed_dim
        groups = embed_dim // CHANNELS_PER_GROUP
        padding = kernel_size // 2
        super().__init__(
            nn.Conv2d(embed_dim, hidden_dim, kernel_size, padding=padding,
                      groups=groups),
            nn.BatchNorm2d(hidden_dim), nn.SiLU(),
            nn.Conv2d(hidden_dim, embed_dim, kernel_size, padding=padding,
                      groups=groups))

    def forward(self, x: Tensor, layout: TokenLayout) -> Tensor:
        """Convolve the map of the patches.

        Args:
            x: Tokens, shape (B, N, C).
            layout: Its grid says how the patches lie.

        Returns:
            Shape (B, N, C); zero for tokens that are no patches.
        """
        rows, cols = layout.grid
        maps = x[:, :rows * cols].transpose(1, 2)
        maps = maps.reshape(x.shape[0], x.shape[2], rows, cols)
        out = super().forward(maps).flatten(2).transpose(1, 2)
        return F.pad(out, (0, 0, 0, x.shape[1] - rows * cols))


@contextmanager
def statistics_kept(module: nn.Module) -> Iterator[None]:
    """Let batch norms inside leave their running statistics alone; what they
    compute, and keep for the backward pass, stays the same."""
    kept = [(norm, norm.momentum, norm.num_batches_tracked.clone())
            for norm in module.modules() if isinstance(norm, _BatchNorm)]
    for norm, _, _ in kept:
        norm.momentum = 0.
    try:
        yield
    finally:
        for norm, momentum, count in kept:
            norm.momentum = momentum
            norm.num_batches_tracked.copy_(count)
