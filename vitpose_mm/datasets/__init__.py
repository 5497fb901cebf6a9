# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from .animal import APT36KDataset
from .checked_dataset import CheckedDataset
from .hand import InterHand2DDataset
from .joint_dataset import JointDataset
from .samplers import MultiDatasetSampler, RepeatableBatchSampler
from .transforms import (BottomupGetCrowdMask, BottomupRandomFlip, ChooseLeaf,
                         LoadCheckedImage, LoadImageOnce, ViTPoseBBoxTransform,
                         ViTPoseHalfBody)

__all__ = [
    'APT36KDataset', 'BottomupGetCrowdMask', 'BottomupRandomFlip',
    'CheckedDataset', 'ChooseLeaf', 'InterHand2DDataset', 'JointDataset',
    'LoadCheckedImage', 'LoadImageOnce', 'MultiDatasetSampler',
    'RepeatableBatchSampler', 'ViTPoseBBoxTransform', 'ViTPoseHalfBody'
]
