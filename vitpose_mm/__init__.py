# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""ViTPose and ViTPose+ for MMPose.

Importing this package registers all of it in MMPose's registries; a config
asks for that with
``custom_imports = dict(imports=['vitpose_mm'], allow_failed_imports=False)``.
"""
import sys
from pathlib import Path

from .version import __version__

__all__ = ['__version__', 'register_all_modules']


def register_all_modules() -> None:
    """Import every module that registers something with MMPose."""
    from . import (checkpoints, codecs, datasets, engine,  # noqa: F401
                   evaluation, models)


# The `vitpose-mm` command lives in this package but must answer `--help` at
# once, and `doctor` must run where MMCV does not even import; its subcommands
# that build models register for themselves.
if Path(sys.argv[0]).stem != 'vitpose-mm':
    register_all_modules()
