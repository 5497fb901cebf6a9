# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from .animal import APT36KDataset
from .hand import InterHand2DDataset
from .samplers import MultiDatasetSampler
from .transforms import (BottomupGetCrowdMask, BottomupRandomFlip,
                         LoadImageOnce, ViTPoseBBoxTransform, ViTPoseHalfBody)

__all__ = [
    'APT36KDataset', 'BottomupGetCrowdMask', 'BottomupRandomFlip',
    'InterHand2DDataset', 'LoadImageOnce', 'MultiDatasetSampler',
    'ViTPoseBBoxTransform', 'ViTPoseHalfBody'
]
