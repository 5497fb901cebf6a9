# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import math
from typing import Tuple

import torch
from torch import Tensor, nn

from .proposals import cell_centres

# How far around its expected place a keypoint is looked for at first, as a
# share of its person's extent.
FIRST_WIDTH = 0.2


class Locator(nn.Module):
    """Finds keypoints on a map: the mean of the places of all cells, weighed
    by how well each fits a keypoint's token and how near it is to where the
    keypoint was expected.

    A heatmap of each person's each keypoint, of which only the mean is kept.
    Integral regression (arXiv 1711.08229) takes the mean of a heatmap;
    dynamic filters (FCPose, arXiv 2105.14185) make one per person.

    Args:
        embed_dim: C channels of tokens and map.
    """

    def __init__(self, embed_dim: int) -> None:
        super().__init__()
        self.query = nn.Linear(embed_dim, embed_dim)
        self.key = nn.Linear(embed_dim, embed_dim)
        self.width = nn.Linear(embed_dim, 1)
        nn.init.zeros_(self.width.weight)
        nn.init.constant_(self.width.bias, math.log(FIRST_WIDTH))

    def forward(self, x: Tensor, keypoints: Tensor, level: Tensor,
                size: Tuple[int, int], extents: Tensor) -> Tensor:
        """Look for keypoints.

        Args:
            x: Their tokens, shape (B, N, K, C).
            keypoints: Where they are expected, in pixels, shape
                (B, N, K, 2), float32.
            level: Map of the image, shape (B, C, h, w).
            size: (w, h) of the image in pixels.
            extents: Of the people in pixels, shape (B, N, 1, 1).

        Returns:
            Where they are, in pixels, shape (B, N, K, 2), float32.
        """
        h, w = level.shape[2:]
        # Scaled first, so that float16 does not overflow.
        query = self.query(x).flatten(1, 2) * x.shape[3]**-0.5
        key = self.key(level.flatten(2).transpose(1, 2))
        fit = query @ key.transpose(1, 2)
        # Places keep the precision of the keypoints; float16 would be off.
        width = self.width(x).to(keypoints).exp() * extents
        nearness, places = [], []
        for axis, cells in enumerate((w, h)):
            place = cell_centres(cells, size[axis] / cells, x.device,
                                 keypoints.dtype)
            away = (place - keypoints[..., axis, None]) / width
            nearness.append(away.flatten(1, 2)**2 * -0.5)
            places.append(place)
        weights = fit.to(keypoints).unflatten(2, (h, w)) + \
            nearness[0][:, :, None] + nearness[1][..., None]
        weights = weights.flatten(2).softmax(2).unflatten(2, (h, w))
        found = torch.stack([(weights.sum(2) * places[0]).sum(2),
                             (weights.sum(3) * places[1]).sum(2)], 2)
        return found.reshape(keypoints.shape)
