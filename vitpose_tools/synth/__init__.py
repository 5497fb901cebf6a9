# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from .dataset import write_dataset
from .human import HUMAN_17
from .scene import draw_scene
from .skeleton import Skeleton
from .skeletons import SKELETONS

__all__ = ['HUMAN_17', 'SKELETONS', 'Skeleton', 'draw_scene', 'write_dataset']
