# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from .dataset import write_dataset
from .human import HUMAN_17
from .scene import draw_scene
from .skeleton import Skeleton

__all__ = ['HUMAN_17', 'Skeleton', 'draw_scene', 'write_dataset']
