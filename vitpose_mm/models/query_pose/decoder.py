# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import math
from typing import List, Optional, Sequence, Tuple

import torch
from torch import Tensor, nn

from .layer import QueryPoseLayer
from .locator import Locator
from .people import People, extent, with_centre

# Unit of what tokens add to the places found, as a share of the person's
# extent: they correct what cells are too coarse for.
CORRECTION = 0.25


class PositionEmbedding(nn.Module):
    """Embedding of points: sines of many wavelengths, then a linear map.

    Args:
        embed_dim: Channels; a multiple of 4.
    """

    def __init__(self, embed_dim: int) -> None:
        super().__init__()
        # From one wave over the image to 128.
        steps = max(embed_dim // 4 - 1, 1)
        # Not linspace: transformers, once they have loaded a model, let it
        # make tensors on the CPU, whatever device is asked for.
        waves = 2.**(torch.arange(embed_dim // 4) * (7 / steps))
        self.register_buffer('rates', 2 * math.pi * waves, persistent=False)
        self.proj = nn.Linear(embed_dim, embed_dim)

    def forward(self, points: Tensor) -> Tensor:
        """Embed points (..., 2), fractions of the image, as (..., C)."""
        angles = points[..., None] * self.rates
        waves = torch.cat([angles.sin(), angles.cos()], -1).flatten(-2)
        return self.proj(waves.to(self.proj.weight.dtype))


class Outputs(nn.Module):
    """What a layer says of its tokens.

    Args:
        embed_dim: Channels of a token.
    """

    def __init__(self, embed_dim: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(embed_dim)
        self.score = nn.Linear(embed_dim, 1)
        self.visible = nn.Linear(embed_dim, 1)
        self.locate = Locator(embed_dim)
        self.shift = nn.Sequential(
            nn.Linear(embed_dim, embed_dim), nn.GELU(),
            nn.Linear(embed_dim, 2))
        nn.init.constant_(self.score.bias, -4.6)
        nn.init.zeros_(self.shift[-1].weight)
        nn.init.zeros_(self.shift[-1].bias)

    def forward(self, x: Tensor, keypoints: Tensor, level: Tensor,
                size: Tuple[int, int], smallest: float) -> People:
        """Read tokens.

        Args:
            x: Tokens, shape (B, N, 1 + K, C).
            keypoints: Where the keypoints were, in pixels, (B, N, K, 2).
            level: Map in which to look for them, (B, C, h, w).
            size, smallest: As in QueryPoseDecoder.

        Returns:
            The people.
        """
        person, points = self.norm(x).split([1, x.shape[2] - 1], 2)
        unit = extent(keypoints, smallest)
        found = self.locate(points, keypoints, level, size, unit)
        return People(found + self.shift(points).float() * unit * CORRECTION,
                      self.score(person)[:, :, 0, 0].float(),
                      self.visible(points)[..., 0].float())


class QueryPoseDecoder(nn.Module):
    """Layers that move the keypoints of people to where they belong.

    Args:
        embed_dim: Channels of a token.
        num_layers: Layers; each moves all keypoints a bit further.
        num_heads, num_levels, num_points: As in QueryPoseLayer.
    """

    def __init__(self, embed_dim: int, num_layers: int, num_heads: int,
                 num_levels: int, num_points: int) -> None:
        super().__init__()
        self.position = PositionEmbedding(embed_dim)
        self.layers = nn.ModuleList(
            QueryPoseLayer(embed_dim, num_heads, num_levels, num_points)
            for _ in range(num_layers))
        self.outputs = nn.ModuleList(
            Outputs(embed_dim) for _ in range(num_layers))

    def forward(self, x: Tensor, keypoints: Tensor, levels: Sequence[Tensor],
                size: Tuple[int, int], smallest: float,
                mask: Optional[Tensor] = None) -> List[People]:
        """Refine N people.

        Args:
            x: Tokens, shape (B, N, 1 + K, C).
            keypoints: Where to begin, in pixels, shape (B, N, K, 2).
            levels: Maps of the image, (B, C, h, w), the finest first.
            size: (w, h) of the image in pixels.
            smallest: Size in pixels below which a person counts as so large.
            mask: Which person (rows) may see which, bool, shape (B, N, N).

        Returns:
            The people after each layer. A layer learns from its own people
            only: it takes the keypoints before it as given.
        """
        people = []
        for layer, outputs in zip(self.layers, self.outputs):
            keypoints = keypoints.detach()
            # The first pixel's centre is half a pixel inside.
            points = (with_centre(keypoints) + 0.5) / keypoints.new_tensor(
                size)
            x = layer(x, self.position(points), points, levels, mask)
            people.append(
                outputs(x, keypoints, levels[0], size, smallest))
            keypoints = people[-1].keypoints
        return people
