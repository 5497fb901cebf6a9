# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Run-length encoded masks: pycocotools' functions under xtcocotools' name."""
from pycocotools.mask import (area, decode, encode, frPyObjects, iou, merge,
                              toBbox)

__all__ = [
    'area', 'decode', 'encode', 'frPyObjects', 'iou', 'merge', 'toBbox'
]
