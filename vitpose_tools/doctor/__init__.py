# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from .diagnose import CHECKS, diagnose
from .facts import devices, versions
from .result import Result

__all__ = ['CHECKS', 'Result', 'devices', 'diagnose', 'versions']
