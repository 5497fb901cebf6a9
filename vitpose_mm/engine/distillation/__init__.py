# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""What the hooks of distillation do: teachers, loss terms and tokens.

``OutputDistillHook`` builds a ``Teacher`` and adds a ``DistillTerm`` to the
student's losses; ``TokenLearnHook`` and ``TokenDistillHook`` write and read
knowledge tokens.
"""
from .distill_term import DistillTerm
from .knowledge_token import find_token, project, read_token, write_token
from .loss_weight import parse_loss_weight
from .teacher import Teacher, build_teacher

__all__ = [
    'DistillTerm', 'Teacher', 'build_teacher', 'find_token',
    'parse_loss_weight', 'project', 'read_token', 'write_token'
]
