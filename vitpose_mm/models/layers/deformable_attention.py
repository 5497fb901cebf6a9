# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import math
from typing import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class DeformableAttention(nn.Module):
    """Cross-attention to a few points of maps (arXiv 2010.04159, eq. 3).

    Each token looks at ``num_points`` places of each level around a point of
    its own; it chooses the places and their weights itself. MMCV's module
    needs its compiled operators; this one is bilinear sampling, which also
    exports.

    Args:
        embed_dim: Channels of tokens and maps.
        num_heads: Heads, which look at different places.
        num_levels: Number of maps.
        num_points: Places of each head in each map.
    """

    def __init__(self, embed_dim: int, num_heads: int, num_levels: int,
                 num_points: int) -> None:
        super().__init__()
        self.shape = num_heads, num_levels, num_points
        places = num_heads * num_levels * num_points
        self.offsets = nn.Linear(embed_dim, places * 2)
        self.weights = nn.Linear(embed_dim, places)
        self.value = nn.Linear(embed_dim, embed_dim)
        self.proj = nn.Linear(embed_dim, embed_dim)
        self.init_weights()

    def init_weights(self) -> None:
        """Let each head look in its own direction, 1, 2, ... cells away."""
        num_heads, num_levels, num_points = self.shape
        angles = torch.arange(num_heads) * (2 * math.pi / num_heads)
        directions = torch.stack([angles.cos(), angles.sin()], 1)
        steps = 1. + torch.arange(num_points)
        offsets = directions[:, None, None] * steps[:, None]
        nn.init.zeros_(self.offsets.weight)
        with torch.no_grad():
            self.offsets.bias.copy_(
                offsets.expand(-1, num_levels, -1, -1).flatten())
        nn.init.zeros_(self.weights.weight)
        nn.init.zeros_(self.weights.bias)

    def forward(self, x: Tensor, points: Tensor,
                levels: Sequence[Tensor]) -> Tensor:
        """Collect what lies around points.

        Args:
            x: Tokens, shape (B, Q, C).
            points: (x, y) of each token as fractions of the image's width
                and height, shape (B, Q, 2), float32.
            levels: Maps (B, C, h, w), each of the whole image.

        Returns:
            Tokens, shape (B, Q, C).
        """
        num_tokens, channels = x.shape[1:]
        num_heads, num_levels, num_points = self.shape
        offsets = self.offsets(x).float().reshape(-1, num_tokens, num_heads,
                                                  num_levels, num_points, 2)
        weights = self.weights(x).reshape(-1, num_tokens, num_heads,
                                          num_levels * num_points)
        weights = weights.softmax(-1).reshape(-1, num_tokens, num_heads,
                                              num_levels, num_points)
        total = 0.
        for index, level in enumerate(levels):
            h, w = level.shape[2:]
            value = self.value(level.flatten(2).transpose(1, 2))
            # (B * heads, C / heads, h, w)
            value = value.transpose(1, 2).reshape(-1, channels // num_heads,
                                                  h, w)
            places = points[:, :, None, None] + offsets[:, :, :, index] / \
                offsets.new_tensor([w, h])
            # (B * heads, Q, points, 2), from -1 to 1 at the borders
            grid = 2 * places.transpose(1, 2).flatten(0, 1) - 1
            # In half precision a place would be pixels off.
            seen = F.grid_sample(value.float(), grid, align_corners=False)
            weight = weights[:, :, :, index].transpose(1, 2).flatten(0, 1)
            total = total + (seen * weight[:, None]).sum(3)
        # (B * heads, C / heads, Q) to (B, Q, C)
        total = total.reshape(-1, channels, num_tokens).transpose(1, 2)
        return self.proj(total.to(self.proj.weight.dtype))
