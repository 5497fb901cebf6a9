# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Any

import numpy as np
from mmpose.registry import VISUALIZERS
from mmpose.structures import PoseDataSample

from .pose_visualizer import PoseVisualizer


@VISUALIZERS.register_module()
class JointVisualizer(PoseVisualizer):
    """Draws each sample of a JointDataset in its own dataset's skeleton.

    A sample that does not say what it is of gets points of one colour.
    """

    def add_datasample(self, name: str, image: np.ndarray,
                       data_sample: PoseDataSample, *args: Any,
                       **options: Any) -> None:
        """Draw a sample, as PoseVisualizer does.

        Args:
            name: Of the image.
            image: Shape (h, w, 3), RGB.
            data_sample: Ground truth and prediction in its pixels.
            args, options: As in PoseVisualizer.
        """
        told = self.dataset_meta
        joined = (told or {}).get('joined', {})
        own = joined.get(data_sample.metainfo.get('dataset_name'))
        if own is not None:
            self.set_dataset_meta(own)
        elif joined:
            self.kpt_color, self.skeleton = 'red', None
        super().add_datasample(name, image, data_sample, *args, **options)
        if joined:
            self.set_dataset_meta(told)
