# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Published annotation files in, COCO-style files out."""
from .aic import convert_aic
from .apt36k import convert_apt36k
from .json_file import AnnotationError, read_json, write_json

__all__ = [
    'AnnotationError', 'convert_aic', 'convert_apt36k', 'read_json',
    'write_json'
]
