# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from .animals import DOG_17, GIRAFFE_17
from .human import HUMAN_17
from .people import HUMAN_14, HUMAN_16, WHOLE_BODY_40

# By the name of their COCO category.
SKELETONS = {
    skeleton.name: skeleton
    for skeleton in (HUMAN_17, HUMAN_14, HUMAN_16, WHOLE_BODY_40, DOG_17,
                     GIRAFFE_17)
}
