# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from .resized_pyramid import ResizedPyramid

__all__ = ['ResizedPyramid']
