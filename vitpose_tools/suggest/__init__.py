# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from .model import ModelError, open_model
from .suggest import suggest
from .video import Video, VideoError, read_boxes, track

__all__ = [
    'ModelError', 'Video', 'VideoError', 'open_model', 'read_boxes',
    'suggest', 'track'
]
