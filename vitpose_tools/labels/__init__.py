# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from .importing import import_labels
from .records import LabelsError

__all__ = ['LabelsError', 'import_labels']
