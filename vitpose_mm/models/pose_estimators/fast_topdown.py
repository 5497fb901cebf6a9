# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from contextlib import nullcontext
from typing import List, Sequence

import torch
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
        dtype = self.test_cfg.get('amp_dtype')
        with torch.autocast(inputs.device.type, getattr(torch, dtype)) \
                if dtype else nullcontext():
            if self.test_cfg.get('flip_test', False):
                feats = self.extract_feat(
                    torch.cat((inputs, inputs.flip(-1))))
                feats = list(zip(*(feat.chunk(2) for feat in feats)))
            else:
                feats = self.extract_feat(inputs)
            preds = self.head.predict(
                feats, data_samples, test_cfg=self.test_cfg)
        instances, fields = preds if isinstance(preds, tuple) else (preds,
                                                                    None)
        return self.add_pred_to_datasample(instances, fields, data_samples)
