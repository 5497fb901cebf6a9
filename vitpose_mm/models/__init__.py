# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from .backbones import ViT, ViTAE, ViTMoE
from .data_preprocessors import HeatmapDataPreprocessor
from .heads import AEHead, NamedHeatmapHead
from .losses import AELoss, HeatmapKLLoss
from .pose_estimators import (FastTopdownPoseEstimator, KnowledgeTokenLearner,
                              MultiDatasetTopdownPoseEstimator,
                              MultiscaleBottomupPoseEstimator)

__all__ = [
    'AEHead', 'AELoss', 'FastTopdownPoseEstimator',
    'HeatmapDataPreprocessor', 'HeatmapKLLoss',
    'KnowledgeTokenLearner', 'MultiDatasetTopdownPoseEstimator',
    'MultiscaleBottomupPoseEstimator', 'NamedHeatmapHead', 'ViT', 'ViTAE',
    'ViTMoE'
]
