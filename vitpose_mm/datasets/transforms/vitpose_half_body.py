# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import List, Optional

import numpy as np
from mmcv.transforms.utils import cache_randomness
from mmpose.datasets.transforms import RandomHalfBody
from mmpose.registry import TRANSFORMS
from scipy.stats import norm

from vitpose_mm.ranges import check_positive, check_shares

# The upper half is taken where a normal number is below 0.5: 69 %.
UPPER = norm.cdf(0.5)
# A half needs so many keypoints to be chosen, and two to make a box.
ENOUGH = 3


@TRANSFORMS.register_module()
class ViTPoseHalfBody(RandomHalfBody):
    """Keep the upper half of a body or the rest, as the code of ViTPose does.

    MMPose's lower half is what the metainfo calls lower: of the 133 keypoints
    of a whole body 12, legs and feet. Here it is whatever is not upper: 122,
    with face and hands.

    Args:
        min_total_keypoints: People with fewer labelled keypoints stay whole.
        padding: Factor of the half's tight box.
        prob: Share of the others that are halved.

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(self,
                 min_total_keypoints: int = 9,
                 padding: float = 1.5,
                 prob: float = 0.3) -> None:
        check_positive('padding', padding)
        check_shares(dict(prob=prob))
        super().__init__(
            min_total_keypoints=min_total_keypoints,
            min_upper_keypoints=ENOUGH,
            min_lower_keypoints=ENOUGH,
            padding=padding,
            prob=prob,
            upper_prioritized_prob=UPPER)

    @cache_randomness
    def _random_select_half_body(
            self, keypoints_visible: np.ndarray, upper_body_ids: List[int],
            lower_body_ids: List[int]) -> List[Optional[List[int]]]:
        """Choose the keypoints of a half for each person.

        Args:
            keypoints_visible: (N, K), or with weights (N, K, 2).
            upper_body_ids: Keypoints of the upper half.
            lower_body_ids: Not looked at.

        Returns:
            Indices of labelled keypoints, or None to leave a person whole.
        """
        if keypoints_visible.ndim == 3:
            keypoints_visible = keypoints_visible[..., 0]
        return [
            self._select(visible, upper_body_ids)
            for visible in keypoints_visible
        ]

    def _select(self, visible: np.ndarray,
                upper_body_ids: List[int]) -> Optional[List[int]]:
        """Choose for one person, (K, )."""
        if (visible.sum() < self.min_total_keypoints
                or np.random.rand() >= self.prob):
            return None
        labelled = np.flatnonzero(visible > 0).tolist()
        upper = [index for index in labelled if index in upper_body_ids]
        rest = [index for index in labelled if index not in upper_body_ids]
        prefers_upper = np.random.rand() < self.upper_prioritized_prob
        half = upper
        if not (prefers_upper and len(upper) >= ENOUGH) and \
                len(rest) >= ENOUGH:
            half = rest
        return half if len(half) >= 2 else None
