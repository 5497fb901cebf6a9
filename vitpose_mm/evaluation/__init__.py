# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from .joint_evaluator import JointEvaluator, JointMetric

__all__ = ['JointEvaluator', 'JointMetric']
