# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from .bottomup_get_crowd_mask import BottomupGetCrowdMask
from .bottomup_random_flip import BottomupRandomFlip
from .choose_leaf import ChooseLeaf
from .load_checked_image import LoadCheckedImage
from .load_image_once import LoadImageOnce
from .vitpose_bbox_transform import ViTPoseBBoxTransform
from .vitpose_half_body import ViTPoseHalfBody

__all__ = [
    'BottomupGetCrowdMask', 'BottomupRandomFlip', 'ChooseLeaf',
    'LoadCheckedImage', 'LoadImageOnce', 'ViTPoseBBoxTransform',
    'ViTPoseHalfBody'
]
