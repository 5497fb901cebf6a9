# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Everything about a keypoint dataset that can be checked without training.

Annotations are checked by ``vitpose_mm.datasets.checks``, which also guards
the start of a training; here are the files of the images, leakage, and the
picture of what was found.
"""
from .check import CheckedFile, check_data
from .metainfo import MetainfoError, read_metainfo
from .sheet import draw_sheet

__all__ = [
    'CheckedFile', 'MetainfoError', 'check_data', 'draw_sheet',
    'read_metainfo'
]
