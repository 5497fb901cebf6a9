# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from .place import WritersError
from .writers import FORMATS, Writers, check_formats, open_writers

__all__ = [
    'FORMATS', 'Writers', 'WritersError', 'check_formats', 'open_writers'
]
