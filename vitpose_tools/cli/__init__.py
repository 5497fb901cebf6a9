# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from .main import main

__all__ = ['main']
