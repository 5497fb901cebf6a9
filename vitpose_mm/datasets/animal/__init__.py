# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from .apt36k_dataset import APT36KDataset

__all__ = ['APT36KDataset']
