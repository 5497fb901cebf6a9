# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import warnings
from contextlib import nullcontext
from typing import ContextManager, List, Optional, Sequence, Tuple, Union

import torch
from mmengine.structures import InstanceData, PixelData
from mmpose.models import TopdownPoseEstimator
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample
from torch import Tensor


@MODELS.register_module()
class FastTopdownPoseEstimator(TopdownPoseEstimator):
    """TopdownPoseEstimator whose flip test is one batch and whose tests may
    run in half precision.

    Trains like TopdownPoseEstimator and takes its arguments. ``test_cfg``
    has one more key, ``amp_dtype``: None for full precision (default),
    'float16' or 'bfloat16' for autocast in validation, testing and inference
    alike, whose heatmaps then need BatchUDPHeatmap as decoder.
    """

    def predict(
            self, inputs: Tensor,
            data_samples: Sequence[PoseDataSample]) -> List[PoseDataSample]:
        """Predict keypoints in image pixels.

        Args:
            inputs: Normalised crops, shape (B, 3, H, W).
            data_samples: B samples.

        Returns:
            The samples with ``pred_instances``.
        """
        with autocast(inputs.device, self.test_cfg.get('amp_dtype')):
            if self.test_cfg.get('flip_test', False):
                feats = self.extract_feat(
                    torch.cat((inputs, inputs.flip(-1))))
                feats = list(zip(*(feat.chunk(2) for feat in feats)))
            else:
                feats = self.extract_feat(inputs)
            preds = self.head.predict(
                feats, data_samples, test_cfg=self.test_cfg)
        return self.add_pred_to_datasample(*unpack(preds), data_samples)


def autocast(device: torch.device, dtype: Optional[str]) -> ContextManager:
    """Autocast of a test, 'float16' or 'bfloat16'; None leaves things as they
    are.

    Raises:
        ValueError: If this torch has no such autocast on this device. It only
            warns and goes on in full precision, or fails later.
    """
    if dtype is None:
        return nullcontext()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('error', UserWarning)
            return torch.autocast(device.type, getattr(torch, dtype))
    except UserWarning as warning:
        raise ValueError(
            f"test_cfg.amp_dtype='{dtype}': torch {torch.__version__} has no "
            f"such autocast on {device.type}; take another precision, or a "
            'newer torch') from warning


def unpack(
    preds: Union[List[InstanceData], Tuple[List[InstanceData],
                                           List[PixelData]]]
) -> Tuple[List[InstanceData], Optional[List[PixelData]]]:
    """Instances and heatmaps, or None, out of what a head predicts.

    Heatmaps become float32: MMPose resizes and draws no others.
    """
    if not isinstance(preds, tuple):
        return preds, None
    instances, fields = preds
    for field in fields:
        field.heatmaps = field.heatmaps.float()
    return instances, fields
