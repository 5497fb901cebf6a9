# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Parts that only work with an estimator or a preprocessor of this package."""
from typing import Any

from mmpose.datasets.transforms import GenerateTarget
from torch import nn

from vitpose_mm.codecs import BatchUDPHeatmap, QueryPoseLabel
from vitpose_mm.models import (FastTopdownPoseEstimator,
                               HeatmapDataPreprocessor,
                               MultiDatasetBottomupPoseEstimator,
                               MultiDatasetTopdownPoseEstimator, QueryPoseHead)
from vitpose_mm.models.heads.query_pose_head import NO_FLIP_TEST

HALF = FastTopdownPoseEstimator, MultiDatasetTopdownPoseEstimator
EXPERTS = MultiDatasetBottomupPoseEstimator, MultiDatasetTopdownPoseEstimator


def check_estimator(model: nn.Module) -> None:
    """Refuse an estimator that does not know a part or an option it has.

    Args:
        model: The estimator, unwrapped.

    Raises:
        ValueError: If so; names the estimator that does.
    """
    kind = type(model).__name__
    experts = getattr(getattr(model, 'backbone', None), 'num_experts', 1)
    if experts > 1 and not isinstance(model, EXPERTS):
        raise ValueError(
            f'{kind} does not tell the {experts} experts of its '
            f'{type(model.backbone).__name__} whose sample is whose: take '
            "type='MultiDatasetTopdownPoseEstimator' with heads, "
            "'MultiDatasetBottomupPoseEstimator' with a QueryPoseHead, or "
            "backbone.type='ViT'")
    test_cfg = getattr(model, 'test_cfg', None) or {}
    if isinstance(getattr(model, 'head', None),
                  QueryPoseHead) and test_cfg.get('flip_test'):
        raise ValueError(NO_FLIP_TEST)
    dtype = test_cfg.get('amp_dtype')
    if dtype is not None and not isinstance(model, HALF):
        raise ValueError(
            f"{kind} would ignore test_cfg.amp_dtype='{dtype}': take "
            "type='FastTopdownPoseEstimator', or remove it, and "
            'HalfWeightsHook from custom_hooks')


def check_targets(model: nn.Module, dataset: Any) -> None:
    """Refuse targets that the model cannot learn from.

    Args:
        model: The estimator, unwrapped.
        dataset: What it trains on.

    Raises:
        ValueError: If so.
    """
    pipeline = getattr(dataset, 'pipeline', None)
    for step in getattr(pipeline, 'transforms', []):
        if not isinstance(step, GenerateTarget):
            continue
        asks, gives = (isinstance(getattr(model, 'head', None), QueryPoseHead),
                       isinstance(step.encoder, QueryPoseLabel))
        if asks != gives:
            raise ValueError(
                f'GenerateTarget makes the targets of '
                f'{type(step.encoder).__name__}, but model.head is a '
                f'{type(model.head).__name__}: QueryPoseHead and '
                'QueryPoseLabel need each other; write one codec in the '
                'training pipeline and as decoder=_base_.codec')
        if isinstance(step.encoder, BatchUDPHeatmap) and not isinstance(
                model.data_preprocessor, HeatmapDataPreprocessor):
            raise ValueError(
                'BatchUDPHeatmap packs coordinates, of which '
                f'{type(model.data_preprocessor).__name__} draws no '
                "heatmaps: write data_preprocessor=dict(type='"
                "HeatmapDataPreprocessor', codec=codec, ...), or "
                "type='UDPHeatmap' in the training pipeline")
