# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import warnings
from contextlib import nullcontext
from typing import ContextManager, List, Optional, Sequence, Tuple, Union

import torch
from mmengine.structures import InstanceData, PixelData
from mmpose.models import TopdownPoseEstimator
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample
from torch import Tensor, nn


@MODELS.register_module()
class FastTopdownPoseEstimator(TopdownPoseEstimator):
    """TopdownPoseEstimator whose flip test is one batch and whose tests may
    run in half precision.

    Trains like TopdownPoseEstimator.

    Args:
        test_cfg: Has one more key, ``amp_dtype``: None for full precision
            (default), 'float16' or 'bfloat16' for autocast in validation,
            testing and inference alike, whose heatmaps then need
            BatchUDPHeatmap as decoder.
        backbone, neck, head, train_cfg: As in TopdownPoseEstimator.
        data_preprocessor, init_cfg, metainfo: As in TopdownPoseEstimator.

    Raises:
        ValueError: If the decoder is another.
    """

    def __init__(self,
                 backbone: dict,
                 neck: Optional[dict] = None,
                 head: Optional[dict] = None,
                 train_cfg: Optional[dict] = None,
                 test_cfg: Optional[dict] = None,
                 data_preprocessor: Optional[dict] = None,
                 init_cfg: Optional[dict] = None,
                 metainfo: Optional[dict] = None) -> None:
        super().__init__(
            backbone=backbone,
            neck=neck,
            head=head,
            train_cfg=train_cfg,
            test_cfg=test_cfg,
            data_preprocessor=data_preprocessor,
            init_cfg=init_cfg,
            metainfo=metainfo)
        if self.with_head:
            check_decoder(self.head, self.test_cfg.get('amp_dtype'))

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


def check_decoder(head: nn.Module, dtype: Optional[str]) -> None:
    """Refuse a codec that cannot decode heatmaps of half precision.

    MMPose hands one by one to NumPy what a codec does not take as a batch;
    NumPy knows no bfloat16.

    Args:
        head: Whose codec decodes.
        dtype: ``test_cfg.amp_dtype``; None is full precision.

    Raises:
        ValueError: If so.
    """
    codec = getattr(head, 'decoder', None)
    if dtype is not None and codec is not None and \
            not codec.support_batch_decoding:
        raise ValueError(
            f"test_cfg.amp_dtype='{dtype}' makes heatmaps that "
            f"{type(codec).__name__} cannot decode: write "
            "type='BatchUDPHeatmap' in the codec of the head, or remove "
            'amp_dtype')


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
