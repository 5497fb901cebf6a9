# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from .contact_sheet import draw_contact_sheet
from .curve import draw_curve
from .numbers import error_table
from .page_of_run import write_page_of_run
from .run import Run, RunError, coco_metrics
from .sheet_of_run import draw_sheet_of_run

__all__ = [
    'Run', 'RunError', 'coco_metrics', 'draw_contact_sheet', 'draw_curve',
    'draw_sheet_of_run', 'error_table', 'write_page_of_run'
]
