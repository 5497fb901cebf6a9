# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from .compare import Comparison, Parted, Result
from .exporter import Exporter
from .wish import Wish

__all__ = ['Comparison', 'Exporter', 'Parted', 'Result', 'Wish']
