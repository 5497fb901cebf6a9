# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""From labels of one's own to a trained, tested and pictured model."""
from vitpose_tools.data_check.flip_pairs import guess_flip_pairs
from .finetune import Choices, finetune
from .labels import OwnDataError, read_own_labels

__all__ = ['Choices', 'OwnDataError', 'finetune', 'guess_flip_pairs',
           'read_own_labels']
