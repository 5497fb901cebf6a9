# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from .batch_udp_heatmap import BatchUDPHeatmap
from .query_pose_label import QueryPoseLabel
from .udp_associative_embedding import UDPAssociativeEmbedding

__all__ = ['BatchUDPHeatmap', 'QueryPoseLabel', 'UDPAssociativeEmbedding']
