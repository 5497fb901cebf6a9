# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from .fast_topdown import FastTopdownPoseEstimator
from .knowledge_token_learner import KnowledgeTokenLearner
from .multi_dataset_bottomup import MultiDatasetBottomupPoseEstimator
from .multi_dataset_topdown import MultiDatasetTopdownPoseEstimator
from .multiscale_bottomup import MultiscaleBottomupPoseEstimator

__all__ = [
    'FastTopdownPoseEstimator', 'KnowledgeTokenLearner',
    'MultiDatasetBottomupPoseEstimator', 'MultiDatasetTopdownPoseEstimator',
    'MultiscaleBottomupPoseEstimator'
]
