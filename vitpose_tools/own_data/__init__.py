# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""From labels of one's own to a trained, tested and pictured model."""
from .choices import Choices
from .finetune import finetune
from .labels import OwnDataError, read_own_labels

__all__ = ['Choices', 'OwnDataError', 'finetune', 'read_own_labels']
