# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""What a person types: the command ``vitpose-mm`` and what is behind it.

Importing this package imports nothing: ``vitpose-mm --help`` answers without
torch, and ``doctor`` runs where MMCV does not import. ``from vitpose_tools
import Predictor`` imports what that needs.
"""
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .predict import Predictor  # noqa: F401

__all__ = ['Predictor']


def __getattr__(name: str) -> Any:
    if name == 'Predictor':
        from .predict import Predictor
        return Predictor
    raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
