# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from .contact_sheet import draw_contact_sheet
from .curve import draw_curve
from .run import Run, RunError
from .sheet_of_run import draw_sheet_of_run

__all__ = [
    'Run', 'RunError', 'draw_contact_sheet', 'draw_curve', 'draw_sheet_of_run'
]
