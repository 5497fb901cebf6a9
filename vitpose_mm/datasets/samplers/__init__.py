# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from .multi_dataset_sampler import MultiDatasetSampler
from .repeatable_batch_sampler import RepeatableBatchSampler

__all__ = ['MultiDatasetSampler', 'RepeatableBatchSampler']
