# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Any

import numpy as np
from mmpose.registry import VISUALIZERS
from mmpose.visualization import PoseLocalVisualizer


@VISUALIZERS.register_module()
class PoseVisualizer(PoseLocalVisualizer):
    """PoseLocalVisualizer beside any NumPy.

    MMPose 1.3 passes the radius of a keypoint as an array of one element and
    takes int() of it, which NumPy >= 2.4 refuses.
    """

    def draw_circles(self, center: np.ndarray, radius: np.ndarray,
                     **style: Any) -> None:
        """Draw circles, as PoseLocalVisualizer does.

        Args:
            center: Pixels of the image, shape (2, ) or (N, 2).
            radius: In pixels, shape (1, ) or (N, ); OpenCV draws one circle.
            style: Colours, transparency and line widths.
        """
        if self.backend == 'opencv':
            radius = np.asarray(radius).item()
        super().draw_circles(center, radius, **style)
