# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from .card import Card, ExportError
from .network import ExportedNetwork, is_export, open_export

__all__ = ['Card', 'ExportError', 'ExportedNetwork', 'is_export',
           'open_export']
