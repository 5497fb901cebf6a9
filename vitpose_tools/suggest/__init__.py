# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from .video import Video, VideoError, read_boxes, track
from .write_suggestions import write_suggestions

__all__ = [
    'Video', 'VideoError', 'read_boxes', 'track', 'write_suggestions'
]
