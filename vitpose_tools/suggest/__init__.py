# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from .model import ModelError, open_model
from .video import Video, VideoError, track
from .write_suggestions import write_suggestions

__all__ = [
    'ModelError', 'Video', 'VideoError', 'open_model', 'track',
    'write_suggestions'
]
