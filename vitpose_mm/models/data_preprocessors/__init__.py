# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from .heatmap_data_preprocessor import HeatmapDataPreprocessor

__all__ = ['HeatmapDataPreprocessor']
