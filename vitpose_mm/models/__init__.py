# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from .backbones import ViT, ViTAE, ViTMoE
from .data_preprocessors import HeatmapDataPreprocessor
from .heads import AEHead, NamedHeatmapHead, QueryPoseHead
from .losses import AELoss, HeatmapKLLoss
from .necks import ResizedPyramid
from .pose_estimators import (FastTopdownPoseEstimator, KnowledgeTokenLearner,
                              MultiDatasetBottomupPoseEstimator,
                              MultiDatasetTopdownPoseEstimator,
                              MultiscaleBottomupPoseEstimator)

__all__ = [
    'AEHead', 'AELoss', 'FastTopdownPoseEstimator',
    'HeatmapDataPreprocessor', 'HeatmapKLLoss',
    'KnowledgeTokenLearner', 'MultiDatasetBottomupPoseEstimator',
    'MultiDatasetTopdownPoseEstimator', 'MultiscaleBottomupPoseEstimator',
    'NamedHeatmapHead', 'QueryPoseHead', 'ResizedPyramid', 'ViT', 'ViTAE',
    'ViTMoE'
]
