# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from .joint_visualizer import JointVisualizer
from .pose_visualizer import PoseVisualizer

__all__ = ['JointVisualizer', 'PoseVisualizer']
