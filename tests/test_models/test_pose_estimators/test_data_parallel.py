# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Dict, List

import numpy as np
import torch
from mmengine.model import MMDistributedDataParallel
from mmengine.optim import OptimWrapper
from mmengine.structures import InstanceData, PixelData
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample
from processes import run_processes
from torch import Tensor, distributed

KEYPOINTS = dict(coco=17, aic=14, mpii=16)
# Of four samples each process gets two: none of them sees all datasets, and
# mpii is in no sample of the second step.
STEPS = (('coco', 'coco', 'aic', 'mpii'), ('aic', 'coco', 'aic', 'aic'))


def build() -> torch.nn.Module:
    def head(num_keypoints: int) -> dict:
        return dict(
            type='HeatmapHead',
            in_channels=32,
            out_channels=num_keypoints,
            deconv_out_channels=(),
            deconv_kernel_sizes=(),
            final_layer=dict(kernel_size=3, padding=1),
            loss=dict(type='KeypointMSELoss', use_target_weight=True))

    torch.manual_seed(0)
    model = MODELS.build(
        dict(
            type='MultiDatasetTopdownPoseEstimator',
            backbone=dict(
                type='ViTMoE',
                num_experts=3,
                arch=dict(embed_dim=32, depth=2, num_heads=4),
                img_size=(64, 48)),
            heads={k: head(n)
                   for k, n in KEYPOINTS.items()}))
    for param in model.parameters():
        torch.nn.init.normal_(param, std=0.2)
    return model.double().train()


def batches():
    """Yield (inputs (3, 64, 48), sample) pairs of each global batch."""
    for names in STEPS:
        yield [(torch.randn(3, 64, 48, dtype=torch.float64), sample(name))
               for name in names]


def sample(name: str) -> PoseDataSample:
    num = KEYPOINTS[name]
    result = PoseDataSample(metainfo=dict(dataset_name=name))
    result.gt_fields = PixelData(
        heatmaps=torch.rand(num, 4, 3, dtype=torch.float64))
    result.gt_instance_labels = InstanceData(
        keypoint_weights=torch.randint(2, (1, num)).double())
    result.gt_instances = InstanceData(bboxes=np.zeros((1, 4)))
    return result


def train() -> List[Dict[str, Tensor]]:
    """Two training steps on fixed batches; returns the weights and the
    optimiser's state after each."""
    rank, world_size = 0, 1
    model = wrapped = build()
    optim = OptimWrapper(
        torch.optim.AdamW(model.parameters(), lr=1e-2, weight_decay=0.5))
    if distributed.is_initialized():
        rank, world_size = distributed.get_rank(), distributed.get_world_size()
        wrapped = MMDistributedDataParallel(model, device_ids=None)
    states = []
    for batch in batches():
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


def test_two_processes_equal_one_with_datasets_missing_on_each():
    (one, ), two = run_processes(train, 1), run_processes(train, 2)
    for step, expected in enumerate(one):
        for name in expected:
            torch.testing.assert_close(
                two[0][step][name], expected[name], atol=1e-5, rtol=1e-5)
            assert torch.equal(two[0][step][name], two[1][step][name])
    for first, second in (one, *two):
        # No process had a sample of mpii in the second step, and the second
        # process had none of coco.
        for name in first:
            own = 'heads.mpii' in name or '.experts.2.' in name
            assert torch.equal(first[name], second[name]) == own, name
