# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""One process of a data-parallel training on the CPU, or the only one:
python distributed_run.py WORK_DIR RANK WORLD_SIZE TEACHER CHECKPOINT TOKEN
"""
import os
import sys
from pathlib import Path

import torch
from conftest import People, estimator
from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmpose.registry import MODELS
from torch import distributed
from torch.utils.data import DataLoader

import vitpose_mm  # noqa: F401


def main(work_dir, rank, world_size, teacher, checkpoint, token):
    rank, world_size = int(rank), int(world_size)
    init_default_scope('mmpose')
    torch.manual_seed(0)
    options = {}
    if world_size > 1:
        os.environ['LOCAL_RANK'] = str(rank)
        distributed.init_process_group(
            'gloo',
            init_method=f'file://{work_dir}/init',
            rank=rank,
            world_size=world_size)
        options = dict(
            launcher='pytorch',
            cfg=dict(
                model_wrapper_cfg=dict(
                    type='MMDistributedDataParallel', device_ids=None)))
    people = People(4)
    people.samples = people.samples[rank::world_size]
    model = MODELS.build(
        estimator(
            **{
                'backbone.num_knowledge_tokens': 1,
                'backbone.train_knowledge_token': True
            }))
    model.init_weights()
    runner = Runner(
        model,
        work_dir,
        train_dataloader=DataLoader(
            people, len(people), collate_fn=pseudo_collate),
        train_cfg=dict(by_epoch=True, max_epochs=3),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1)),
        custom_hooks=[
            dict(
                type='OutputDistillHook',
                teacher=teacher,
                teacher_checkpoint=checkpoint,
                loss_weight=2.),
            dict(type='TokenDistillHook', token=token),
            dict(type='EMAHook')
        ],
        default_scope='mmpose',
        **options)
    runner.train()
    module = runner.model.module if world_size > 1 else runner.model
    torch.save(module.state_dict(), Path(work_dir) / f'rank_{rank}.pth')


if __name__ == '__main__':
    main(*sys.argv[1:])
