# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from dataclasses import dataclass
from typing import Protocol, Tuple

import numpy as np

from .poses import Skeleton


@dataclass(frozen=True)
class CropSpec:
    """How people are cut out for a network.

    Args:
        input_size: (w, h) of the crops in pixels.
        padding: Side of the crop by side of the box, as GetBBoxCenterScale
            has it.
        use_udp: Whether the warp is UDP's, as TopdownAffine has it.
    """

    input_size: Tuple[int, int]
    padding: float = 1.25
    use_udp: bool = True


class Network(Protocol):
    """A top-down model, in PyTorch or exported, from crops to keypoints."""

    skeleton: Skeleton
    crop: CropSpec

    def __call__(self, crops: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        """Find the keypoints of a batch of crops.

        Args:
            crops: BGR, shape (B, h, w, 3), uint8, any B.

        Returns:
            Keypoints (B, K, 2), (x, y) in crop pixels, and scores (B, K).
        """
