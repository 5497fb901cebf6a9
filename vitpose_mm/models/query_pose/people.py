# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import List, NamedTuple, Tuple

import torch
from torch import Tensor

from .proposals import Cells


class People(NamedTuple):
    """N people that a layer sees in each of B images.

    Attributes:
        keypoints: (x, y) in pixels of the network's input, shape
            (B, N, K, 2), float32.
        logits: Of being a person, shape (B, N), float32.
        visible: Logits of each keypoint being visible, shape (B, N, K),
            float32.
    """

    keypoints: Tensor
    logits: Tensor
    visible: Tensor

    def first(self, number: int) -> 'People':
        """The first people of each image."""
        return People(*(part[:, :number] for part in self))

    def rest(self, number: int) -> 'People':
        """All but the first people of each image."""
        return People(*(part[:, number:] for part in self))


class Refined(NamedTuple):
    """What the decoder makes of images.

    Attributes:
        layers: N people after each layer.
        noised: Noised people after each layer.
        cells: Of the images.
        logits: Of all cells, shape (B, T), float32.
    """

    layers: List[People]
    noised: List[People]
    cells: Cells
    logits: Tensor


def read(people: People) -> Tuple[Tensor, Tensor, Tensor]:
    """Keypoints (B, N, K, 2), their scores (B, N, K) and those of people
    (B, N): a keypoint is as sure as its person, times whether it is
    visible."""
    scores = people.logits.sigmoid()
    return (people.keypoints, scores[..., None] * people.visible.sigmoid(),
            scores)


def extent(keypoints: Tensor, smallest: float) -> Tensor:
    """Longer side of the box around keypoints (..., K, 2), at least
    ``smallest``, shape (..., 1, 1)."""
    sides = keypoints.amax(-2) - keypoints.amin(-2)
    return sides.amax(-1).clamp(min=smallest)[..., None, None]


def with_centre(keypoints: Tensor) -> Tensor:
    """Put the mean of keypoints (..., K, 2) before them, (..., 1 + K, 2)."""
    return torch.cat([keypoints.mean(-2, keepdim=True), keypoints], -2)
