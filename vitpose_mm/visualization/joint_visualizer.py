# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Any, Optional

import numpy as np
from mmengine.structures import InstanceData
from mmpose.registry import VISUALIZERS
from mmpose.structures import PoseDataSample

from vitpose_mm.datasets.registered_metainfo import registered_metainfo
from .pose_visualizer import PoseVisualizer


@VISUALIZERS.register_module()
class JointVisualizer(PoseVisualizer):
    """Draws each sample of a JointDataset in its own dataset's skeleton, and
    what a joint model predicts in that of the head that predicts it.

    A sample that does not say what it is of gets points of one colour.
    """

    _sample: Optional[PoseDataSample] = None

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
        self._sample = data_sample
        super().add_datasample(name, image, data_sample, *args, **options)
        self._sample = None
        if told:
            self.set_dataset_meta(told)

    def _draw_instances_kpts(self, image: np.ndarray, instances: InstanceData,
                             *args: Any, **options: Any) -> np.ndarray:
        """Draw people of one kind, of the truth or predicted."""
        joined = (self.dataset_meta or {}).get('joined', {})
        if joined and self._sample is not None:
            told = self.dataset_meta
            own = self.metainfo_of(instances, joined)
            if own is None:
                self.kpt_color, self.skeleton = 'red', None
            else:
                self.set_dataset_meta(dict(own, joined=joined))
            image = super()._draw_instances_kpts(image, instances, *args,
                                                 **options)
            self.set_dataset_meta(told)
            return image
        return super()._draw_instances_kpts(image, instances, *args,
                                            **options)

    def metainfo_of(self, instances: InstanceData,
                    joined: dict) -> Optional[dict]:
        """Metainfo of the dataset whose keypoints these people have."""
        info = self._sample.metainfo
        name = info.get('dataset_name')
        if instances is self._sample.get('pred_instances'):
            name = info.get('predicted_as', name)
        if name is None or name in joined:
            return joined.get(name)
        return registered_metainfo(name)
