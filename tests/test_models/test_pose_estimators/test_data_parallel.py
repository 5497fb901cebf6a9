# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Callable, Dict, List

import numpy as np
import pytest
import torch
from mmengine.model import MMDistributedDataParallel
from mmengine.optim import OptimWrapper
from mmengine.structures import InstanceData, PixelData
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample
from processes import run_processes
from torch import Tensor, distributed

KEYPOINTS = dict(coco=17, aic=14, mpii=16)
# Of four samples two processes get two each and four one: none of them sees
# all datasets, and mpii is in no sample of the second step.
STEPS = (('coco', 'coco', 'aic', 'mpii'), ('aic', 'coco', 'aic', 'aic'))
BACKBONE = dict(
    arch=dict(embed_dim=32, depth=2, num_heads=4), img_size=(64, 48))


def head(num_keypoints: int) -> dict:
    return dict(
        type='HeatmapHead',
        in_channels=32,
        out_channels=num_keypoints,
        deconv_out_channels=(),
        deconv_kernel_sizes=(),
        final_layer=dict(kernel_size=3, padding=1),
        loss=dict(type='KeypointMSELoss', use_target_weight=True))


MODEL_CONFIGS = dict(
    joint=dict(
        type='MultiDatasetTopdownPoseEstimator',
        backbone=dict(type='ViTMoE', num_experts=3, **BACKBONE),
        heads={name: head(num) for name, num in KEYPOINTS.items()}),
    single=dict(
        type='TopdownPoseEstimator',
        backbone=dict(type='ViT', attention=dict(
            window_size=(2, 2), pooling=True), **BACKBONE),
        head=head(17)),
    bottomup=dict(
        type='MultiscaleBottomupPoseEstimator',
        backbone=dict(type='ViT', **BACKBONE),
        head=dict(
            type='AEHead', in_channels=32, num_keypoints=17,
            deconv_out_channels=(), deconv_kernel_sizes=())))


def build(kind: str) -> torch.nn.Module:
    torch.manual_seed(0)
    model = MODELS.build(MODEL_CONFIGS[kind])
    for param in model.parameters():
        torch.nn.init.normal_(param, std=0.2)
    return model.double().train()


def batches(kind: str):
    """Yield (inputs (3, 64, 48), sample) pairs of each global batch."""
    for names in STEPS:
        yield [(torch.randn(3, 64, 48, dtype=torch.float64),
                sample(name if kind == 'joint' else 'coco', LABELS[kind]))
               for name in names]


def sample(name: str, label: Callable) -> PoseDataSample:
    num = KEYPOINTS[name]
    result = PoseDataSample(metainfo=dict(dataset_name=name))
    result.gt_fields = PixelData(
        heatmaps=torch.rand(num, 4, 3, dtype=torch.float64),
        heatmap_mask=torch.rand(1, 4, 3) < 0.8)
    result.gt_instance_labels = InstanceData(**label(num))
    result.gt_instances = InstanceData(bboxes=np.zeros((1, 4)))
    return result


def weights_of_one(num: int) -> dict:
    return dict(keypoint_weights=torch.randint(2, (1, num)).double())


def cells_of_some(num: int) -> dict:
    shape = int(torch.randint(4, ())), num
    return dict(keypoint_indices=torch.stack(
        [torch.randint(12, shape), torch.randint(2, shape)], -1))


LABELS = dict(joint=weights_of_one, single=weights_of_one,
              bottomup=cells_of_some)


def train(kind: str) -> List[Dict[str, Tensor]]:
    """Two training steps on fixed batches; returns the weights and the
    optimiser's state after each."""
    rank, world_size = 0, 1
    model = wrapped = build(kind)
    optim = OptimWrapper(
        torch.optim.AdamW(model.parameters(), lr=1e-2, weight_decay=0.5))
    if distributed.is_initialized():
        rank, world_size = distributed.get_rank(), distributed.get_world_size()
        wrapped = MMDistributedDataParallel(model, device_ids=None)
    states = []
    for batch in batches(kind):
        share = len(batch) // world_size
        own = batch[rank * share:(rank + 1) * share]
        wrapped.train_step(
            dict(inputs=[x for x, _ in own], data_samples=[s for _, s in own]),
            optim)
        states.append({
            f'{name}/{kind}': value.clone()
            for name, param in model.named_parameters()
            for kind, value in (('weight', param.detach()),
                                *optim.optimizer.state[param].items())
        })
    return states


@pytest.mark.parametrize('kind', ['single', 'bottomup'])
def test_several_processes_equal_one(kind):
    (one, ), *several = (run_processes(train, size, kind)
                         for size in (1, 2, 4))
    assert_equal(one, several)


def test_several_processes_equal_one_with_datasets_missing_on_each():
    (one, ), *several = (run_processes(train, size, 'joint')
                         for size in (1, 2, 4))
    assert_equal(one, several)
    for first, second in (one, *several[0]):
        # No process had a sample of mpii in the second step, and the second
        # process had none of coco.
        for name in first:
            own = 'heads.mpii' in name or '.experts.2.' in name
            assert torch.equal(first[name], second[name]) == own, name


def assert_equal(one, several) -> None:
    for processes in several:
        for step, expected in enumerate(one):
            for name in expected:
                torch.testing.assert_close(
                    processes[0][step][name], expected[name], atol=1e-5,
                    rtol=1e-5)
                assert all(torch.equal(processes[0][step][name],
                                       other[step][name])
                           for other in processes[1:])
