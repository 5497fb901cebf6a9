# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from .ae_head import AEHead
from .named_heatmap_head import NamedHeatmapHead

__all__ = ['AEHead', 'NamedHeatmapHead']
