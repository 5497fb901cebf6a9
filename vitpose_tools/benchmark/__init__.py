# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Measure ViTPose beside other implementations of it.

Each benchmark is a function that returns rows, one per implementation, as
``measure.row`` makes them; ``jobs.run_jobs`` makes one result of many.
"""
from .jobs import run_jobs, write_result
from .measure import Timing, environment, peak_memory, row, time_interleaved

__all__ = [
    'Timing', 'environment', 'peak_memory', 'row', 'run_jobs',
    'time_interleaved', 'write_result'
]
