# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Tuple

import numpy as np
from mmcv.transforms.utils import cache_randomness
from mmpose.datasets.transforms import RandomBBoxTransform
from mmpose.registry import TRANSFORMS


@TRANSFORMS.register_module()
class ViTPoseBBoxTransform(RandomBBoxTransform):
    """Shift, resize and rotate boxes as the code of ViTPose draws it.

    MMPose draws all three from a normal distribution that is truncated at one
    sigma. The code of ViTPose clips instead, so that the limits themselves
    are drawn: the size is normal with a sigma of half the range of
    ``scale_factor`` (each limit has a share of 15.9 %), the angle normal with
    a sigma of half of ``rotate_factor`` (each limit 2.3 % of what is
    rotated). The shift is uniform.

    Takes the arguments of RandomBBoxTransform, with its meanings; the shift
    is a share of the padded box, so 0.16 is 0.2 of one that a padding of 1.25
    has enlarged.
    """

    @cache_randomness
    def _get_transform_params(
            self,
            num_bboxes: int) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Draw what happens to each box.

        Returns:
            Shift as a share of the box's (w, h), (n, 2); factor of its size,
            (n, 1); angle in degrees, (n, ).
        """
        offset = np.random.uniform(-1, 1, (num_bboxes, 2)) * self.shift_factor
        shifted = np.random.rand(num_bboxes, 1) < self.shift_prob

        low, high = self.scale_factor
        scale = np.clip(
            (low + high) / 2 +
            (high - low) / 2 * np.random.randn(num_bboxes, 1), low, high)
        scaled = np.random.rand(num_bboxes, 1) < self.scale_prob

        limit = self.rotate_factor
        rotate = np.clip(limit / 2 * np.random.randn(num_bboxes), -limit,
                         limit)
        rotated = np.random.rand(num_bboxes) < self.rotate_prob

        return (np.where(shifted, offset, 0.).astype(np.float32),
                np.where(scaled, scale, 1.).astype(np.float32),
                np.where(rotated, rotate, 0.).astype(np.float32))
