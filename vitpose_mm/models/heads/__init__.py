# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from .ae_head import AEHead

__all__ = ['AEHead']
