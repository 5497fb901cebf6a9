# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from .backbones import ViT, ViTAE, ViTMoE
from .pose_estimators import MultiDatasetTopdownPoseEstimator

__all__ = ['MultiDatasetTopdownPoseEstimator', 'ViT', 'ViTAE', 'ViTMoE']
