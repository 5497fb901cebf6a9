# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""What several processes do together where one of them meets something."""
import logging
import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import List, Optional

import pytest
import torch
from mmengine.dataset import pseudo_collate
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpose.registry import DATASETS, HOOKS, MODELS
from processes import run_processes
from torch import Tensor, distributed

from vitpose_mm.engine.hooks.nan_hook import NaNError

TIMEOUT = 6.  # seconds, as env_cfg.dist_cfg.timeout


def make_runner(work_dir: Path, hooks: List[dict], length: int = 5,
                sampler: str = 'DefaultSampler', resume: bool = False,
                **options) -> Runner:
    """A run of two epochs in batches of two, as a config would say it."""
    from conftest import People, estimator  # beside this file

    @DATASETS.register_module(force=True)
    class RankedPeople(People):
        """Says which index it is, as files would."""

        def __init__(self, length: int, datasets: Optional[list] = None):
            super().__init__(length)
            self.datasets = [range(length)]
            for index, sample in enumerate(self.samples):
                sample['data_samples'].set_metainfo(
                    dict(img_path=f'img_{index}.jpg', id=index))

    model = MODELS.build(estimator())
    model.init_weights()
    loader = dict(
        batch_size=2, num_workers=0,
        dataset=dict(type='RankedPeople', length=length),
        sampler=dict(type=sampler, **options.pop('sampler_options', {})),
        collate_fn=dict(type='pseudo_collate'))
    return Runner(
        model, str(work_dir), train_dataloader=loader,
        train_cfg=dict(by_epoch=True, max_epochs=2),
        optim_wrapper=dict(optimizer=dict(type='AdamW', lr=0.1)),
        default_hooks=dict(checkpoint=dict(type='WholeCheckpointHook')),
        custom_hooks=hooks, default_scope='mmpose', launcher='pytorch',
        resume=resume, randomness=dict(seed=0),
        cfg=dict(
            model_wrapper_cfg=dict(
                type='MMDistributedDataParallel', device_ids=None),
            resume=resume, load_from=None, train_dataloader=loader),
        **options)
