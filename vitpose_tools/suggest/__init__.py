# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from .video import track
from .write_suggestions import write_suggestions

__all__ = ['track', 'write_suggestions']
