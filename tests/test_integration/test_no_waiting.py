# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""A step reads no tensor's value before its loss or its result.

On a CUDA device each such read makes the host wait for the device.
"""
from collections import Counter
from typing import Callable

import numpy as np
import torch
from mmengine.structures import InstanceData
from torch.profiler import profile

from vitpose_tools.benchmark.recipes import build_model, load_recipe
from vitpose_tools.benchmark.training import make_batch

SIZE = (64, 48)
TINY = dict(embed_dim=32, depth=2, num_heads=2)


def reads(run: Callable) -> int:
    """Tensor values that a call copies to Python numbers, and selections,
    whose size the host must know."""
    with profile() as trace:
        run()
    counts = Counter(event.name for event in trace.events())
    return counts['aten::_local_scalar_dense'] + counts['aten::nonzero']


def test_training_reads_nothing_until_the_loss_is_logged():
    # The optimiser is PyTorch's; on a CPU it counts its steps in tensors.
    config = load_recipe('vitpose_mm', TINY, SIZE)
    model = build_model(config).train()

    def run() -> None:
        data = model.data_preprocessor(make_batch(config, 4), True)
        loss, _ = model.parse_losses(model(**data, mode='loss'))
        loss.backward()

    assert reads(run) == 0


def test_testing_reads_nothing_on_the_way(monkeypatch):
    monkeypatch.setattr(torch.Tensor, 'is_cuda', True)
    config = load_recipe('vitpose_mm', TINY, SIZE)
    model = build_model(config).eval()
    batch = make_batch(config, 4)
    for sample in batch['data_samples']:
        sample.gt_instances = InstanceData(
            bboxes=np.zeros((1, 4)), bbox_scores=np.ones(1))
        sample.set_metainfo(
            dict(
                flip_indices=list(range(17)), input_size=(48, 64),
                input_center=np.zeros(2), input_scale=np.ones(2)))
    assert reads(lambda: model.test_step(batch)) == 0
