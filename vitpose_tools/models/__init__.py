# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Public models by name: config, dataset and weights together."""
from .resolve import (ResolvedModel, fetch_checkpoint, resolve_checkpoint,
                      resolve_model)
from .table import (Model, all_models, config_file, find_model, is_model_name,
                    is_on_disk)

__all__ = [
    'Model', 'ResolvedModel', 'all_models', 'config_file', 'fetch_checkpoint',
    'find_model', 'is_model_name', 'is_on_disk', 'resolve_checkpoint',
    'resolve_model'
]
