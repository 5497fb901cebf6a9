# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Tuple

import numpy as np
from mmcv.transforms.utils import cache_randomness
from mmpose.datasets.transforms import RandomBBoxTransform
from mmpose.registry import TRANSFORMS

from vitpose_mm.ranges import check_positive, check_shares


@TRANSFORMS.register_module()
class ViTPoseBBoxTransform(RandomBBoxTransform):
    """Shift, resize and rotate boxes as the code of ViTPose draws it.

    MMPose draws all three from a normal distribution that is truncated at one
    sigma. The code of ViTPose clips instead, so that the limits themselves
    are drawn: the size is normal with a sigma of half the range of
    ``scale_factor`` (each limit has a share of 15.9 %), the angle normal with
    a sigma of half of ``rotate_factor`` (each limit 2.3 % of what is
    rotated). The shift is uniform.

    Args:
        shift_factor: Largest shift, as a share of the padded box: 0.16 is 0.2
            of one that a padding of 1.25 has enlarged.
        shift_prob: Share of the boxes that are shifted.
        scale_factor: Smallest and largest factor of the size.
        scale_prob: Share of the boxes that are resized.
        rotate_factor: Largest angle in degrees.
        rotate_prob: Share of the boxes that are rotated.

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(self,
                 shift_factor: float = 0.16,
                 shift_prob: float = 0.3,
                 scale_factor: Tuple[float, float] = (0.5, 1.5),
                 scale_prob: float = 1.,
                 rotate_factor: float = 80.,
                 rotate_prob: float = 0.6) -> None:
        check_shares(dict(shift_prob=shift_prob, scale_prob=scale_prob,
                          rotate_prob=rotate_prob))
        if min(shift_factor, rotate_factor) < 0:
            raise ValueError(f'shift_factor={shift_factor} and rotate_factor='
                             f'{rotate_factor} must not be negative')
        if not isinstance(scale_factor, (tuple, list)) or len(
                scale_factor) != 2 or scale_factor[0] > scale_factor[1]:
            raise ValueError(f'scale_factor={scale_factor} must be (smallest, '
                             'largest)')
        check_positive('scale_factor[0]', scale_factor[0])
        super().__init__(shift_factor, shift_prob, scale_factor, scale_prob,
                         rotate_factor, rotate_prob)

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
