# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Tuple

import torch
from torch import Tensor, nn

from .keypoint_name import PLACES, SIDES


class NameFilters(nn.Module):
    """Make the filters of a convolution out of the names of keypoints.

    Args:
        dim: Of the names' vectors.
        channels: C of the maps that are convolved.
        kernel_size: k of the filters.
        hidden_channels: Of the network between names and filters.
        side_channels: Of the vectors of side and place, which are learned.
    """

    def __init__(self, dim: int, channels: int, kernel_size: int = 1,
                 hidden_channels: int = 256, side_channels: int = 32) -> None:
        super().__init__()
        self.shape = channels, kernel_size, kernel_size
        self.sides = nn.Embedding(len(SIDES), side_channels)
        self.places = nn.Embedding(len(PLACES), side_channels)
        self.layers = nn.Sequential(
            nn.Linear(dim + 2 * side_channels, hidden_channels), nn.GELU(),
            nn.Linear(hidden_channels, channels * kernel_size**2 + 1))
        # A step of the optimiser moves all inputs of an output at once, by so
        # much that filters would run away. Of 1, 4 and 16 times this, 4 was
        # best for few names and many (docs/by_name.md).
        self.scale = 4 / hidden_channels

    def forward(self, vectors: Tensor, sides: Tensor,
                places: Tensor) -> Tuple[Tensor, Tensor]:
        """Make filters.

        Args:
            vectors: Of the parts of K names, shape (K, dim).
            sides, places: Indices of SIDES and PLACES, shape (K, ).

        Returns:
            Weights (K, C, k, k) and biases (K, ).
        """
        names = torch.cat((vectors * vectors.shape[1]**0.5,
                           self.sides(sides), self.places(places)), 1)
        filters = self.layers(names) * self.scale
        return filters[:, :-1].unflatten(1, self.shape), filters[:, -1]
