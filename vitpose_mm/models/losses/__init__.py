# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from .ae_loss import AELoss
from .heatmap_kl_loss import HeatmapKLLoss

__all__ = ['AELoss', 'HeatmapKLLoss']
