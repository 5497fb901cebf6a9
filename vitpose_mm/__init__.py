# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""ViTPose and ViTPose+ for MMPose: what a config can name.

Importing this package registers all of it in MMPose's registries; a config
asks for that with
``custom_imports = dict(imports=['vitpose_mm'], allow_failed_imports=False)``.
What a person types, the command ``vitpose-mm``, is the package
``vitpose_tools``.
"""
from mmpose import registry

from . import (checkpoints, codecs, datasets, engine, evaluation, models,
               names, visualization)
from .arguments import explain_unknown_arguments
from .version import __version__

explain_unknown_arguments(__name__, registry)

__all__ = [
    '__version__', 'checkpoints', 'codecs', 'datasets', 'engine', 'evaluation',
    'models', 'names', 'visualization'
]
