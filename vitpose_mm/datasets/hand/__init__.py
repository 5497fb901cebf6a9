# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from .interhand2d_dataset import InterHand2DDataset

__all__ = ['InterHand2DDataset']
