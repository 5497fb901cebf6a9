# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from pathlib import Path
from typing import Dict, List

import torch
from mmengine.dataset import pseudo_collate
from mmengine.runner import Runner
from mmpose.registry import MODELS
from processes import run_processes
from torch import Tensor, distributed
from torch.utils.data import DataLoader

from vitpose_mm.engine.distillation import write_token


def train(work_dir: Path, hooks: List[dict]) -> Dict[str, Tensor]:
    """Train a student on this process's share; returns its weights."""
    from conftest import People, estimator  # beside this file
    people, options = People(4), {}
    if distributed.is_initialized():
        people.samples = people.samples[
            distributed.get_rank()::distributed.get_world_size()]
        wrapper = dict(type='MMDistributedDataParallel', device_ids=None)
        options = dict(
            launcher='pytorch', cfg=dict(model_wrapper_cfg=wrapper))
    model = MODELS.build(
        estimator(
            **{
                'backbone.num_knowledge_tokens': 1,
                'backbone.train_knowledge_token': True
            }))
    model.init_weights()
    Runner(
        model,
        str(work_dir),
        train_dataloader=DataLoader(
            people, len(people), collate_fn=pseudo_collate),
        train_cfg=dict(by_epoch=True, max_epochs=3),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1)),
        custom_hooks=hooks,
        default_scope='mmpose',
        **options).train()
    return dict(model.state_dict())


def test_several_processes_train_as_one(write_teacher, student_config,
                                        tmp_path):
    token = tmp_path / 'token.safetensors'
    write_token(token, torch.randn(1, 1, 24), {})
    teacher = write_teacher(student_config(embed_dim=24))
    hooks = [
        dict(type='OutputDistillHook', loss_weight=2., **teacher),
        dict(type='TokenDistillHook', token=str(token)),
        dict(type='EMAHook')
    ]
    one, = run_processes(train, 1, tmp_path / 'one', hooks)
    for world_size in (2, 4):
        for own in run_processes(train, world_size,
                                 tmp_path / str(world_size), hooks):
            torch.testing.assert_close(own, one)
