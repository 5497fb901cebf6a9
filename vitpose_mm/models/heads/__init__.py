# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from .ae_head import AEHead
from .query_pose_head import QueryPoseHead

__all__ = ['AEHead', 'QueryPoseHead']
