# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from .ae_head import AEHead
from .named_heatmap_head import NamedHeatmapHead
from .query_pose_head import QueryPoseHead

__all__ = ['AEHead', 'NamedHeatmapHead', 'QueryPoseHead']
