# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from .app import build_app
from .viewer import Viewer

__all__ = ['Viewer', 'build_app']
