# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Sequence

from mmpose.models.pose_estimators import BottomupPoseEstimator
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample
from torch import Tensor
from torch.nn.functional import interpolate

# Sides are multiples of it, in pixels: the patch of all ViTPose models.
DIVISOR = 16


@MODELS.register_module()
class MultiscaleBottomupPoseEstimator(BottomupPoseEstimator):
    """Bottom-up estimator that looks at a test image at several sizes.

    ``test_cfg`` has ``aug_scales``, the sizes beside the image's own as
    factors, and ``multiscale_test=True``. MMPose's estimator has the same
    option, but its images of several sizes, made by BottomupResize, can
    neither be packed nor handed to it; and each is padded by another
    fraction, so their heatmaps would not match.
    """

    def predict(
            self, inputs: Tensor, data_samples: Sequence[PoseDataSample]
    ) -> Sequence[PoseDataSample]:
        """Find the people of each image.

        Args:
            inputs: Normalised images, shape (B, 3, H, W), in pixels.
            data_samples: B samples.

        Returns:
            The samples with ``pred_instances``, in pixels of the image files.
        """
        scales = list(self.test_cfg['aug_scales'])
        for sample in data_samples:
            sample.set_metainfo(dict(aug_scales=scales))
        return super().predict(
            [inputs, *(resize(inputs, scale) for scale in scales)],
            data_samples)


def resize(images: Tensor, scale: float) -> Tensor:
    """Resize images (B, 3, H, W) to about ``scale`` times their size; the
    centres of corner pixels stay where they are, as in the codec."""
    size = [
        max(round(side * scale / DIVISOR), 1) * DIVISOR
        for side in images.shape[2:]
    ]
    return interpolate(images, size, mode='bilinear', align_corners=True)
