# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Look at checkpoints, convert and compare them."""
from .convert import convert
from .inspect import inspect_checkpoint
from .verify import verify

__all__ = ['convert', 'inspect_checkpoint', 'verify']
