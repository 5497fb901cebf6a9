# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Measure ViTPose beside other implementations of it."""
from .measure import (Timing, environment, peak_memory, time_interleaved,
                      write_result)

__all__ = [
    'Timing', 'environment', 'peak_memory', 'time_interleaved', 'write_result'
]
