# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from .loader import load_from_http, load_from_local
from .read import CheckpointError, read_checkpoint

__all__ = [
    'CheckpointError', 'load_from_http', 'load_from_local', 'read_checkpoint'
]
