# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Datasets without samples against a model that never had them."""
import copy
import subprocess
import sys
from typing import Callable

import pytest
import torch
from mmengine.model import ExponentialMovingAverage
from mmengine.optim import OptimWrapper
from mmengine.structures import InstanceData, PixelData
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample
from torch import nn

from vitpose_mm.models.pose_estimators import idle_parts

KEYPOINTS = dict(coco=17, aic=14, mpii=16)
OPTIMIZERS = {
    'AdamW': lambda params: torch.optim.AdamW(params, 1e-2, weight_decay=.5),
    'SGD': lambda params: torch.optim.SGD(
        params, 1e-2, momentum=0.9, weight_decay=.5)
}


def build(ffn: str = 'partial', plain: bool = False) -> nn.Module:
    backbone = dict(type='ViT') if plain else dict(
        type='ViTMoE', num_experts=3, ffn=ffn)
    return MODELS.build(
        dict(
            type='MultiDatasetTopdownPoseEstimator',
            backbone=dict(
                arch=dict(embed_dim=16, depth=1, num_heads=2),
                img_size=(32, 32),
                **backbone),
            heads={
                name: dict(
                    type='HeatmapHead',
                    in_channels=16,
                    out_channels=num,
                    deconv_out_channels=(8, ),
                    deconv_kernel_sizes=(4, ),
                    loss=dict(type='KeypointMSELoss', use_target_weight=True))
                for name, num in KEYPOINTS.items()
            },
            train_cfg=dict(compute_acc=False))).train()


def batch(*names: str) -> dict:
    samples = []
    for name in names:
        sample = PoseDataSample(metainfo=dict(dataset_name=name))
        sample.gt_fields = PixelData(
            heatmaps=torch.rand(KEYPOINTS[name], 4, 4))
        sample.gt_instance_labels = InstanceData(
            keypoint_weights=torch.ones(1, KEYPOINTS[name]))
        samples.append(sample)
    return dict(
        inputs=[torch.randn(3, 32, 32) for _ in names], data_samples=samples)


def owned(name: str, position: int) -> Callable[[str], bool]:
    """Tells by its name whether a tensor is a dataset's own."""
    head, expert = f'heads.{name}.', f'.experts.{position}.'
    return lambda key: key.startswith(head) or expert in key


def snapshot(model, optimizer, is_own) -> dict:
    """Copies of the weights, statistics and optimiser's state of a part."""
    held = {key: tensor.clone() for key, tensor in model.state_dict().items()
            if is_own(key)}
    for key, param in model.named_parameters():
        for kind, value in optimizer.state.get(param, {}).items():
            if is_own(key) and value is not None:
                held[f'{key}/{kind}'] = torch.as_tensor(value).clone()
    return held


def differing(before: dict, after: dict) -> list:
    assert before.keys() == after.keys()
    return [key for key in before if not torch.equal(before[key], after[key])]


@pytest.mark.parametrize('kind', OPTIMIZERS)
@pytest.mark.parametrize('options', [
    dict(), dict(ffn='independent'), dict(ffn='shared_independent'),
    dict(plain=True)
])
def test_absent_datasets_keep_weights_statistics_and_state(options, kind):
    model = build(**options)
    optim = OptimWrapper(OPTIMIZERS[kind](model.parameters()))
    for _ in range(3):  # Momentum for all.
        model.train_step(batch('coco', 'aic', 'mpii', 'aic'), optim)
    parts = [owned(name, i) for i, name in enumerate(KEYPOINTS)]
    before = [snapshot(model, optim.optimizer, part) for part in parts]
    for _ in range(20):
        model.train_step(batch('aic', 'aic'), optim)
    after = [snapshot(model, optim.optimizer, part) for part in parts]
    assert not differing(before[0], after[0])
    assert not differing(before[2], after[2])
    # Of what has samples, all moves but the biases before a batch norm.
    assert len(differing(before[1], after[1])) >= len(before[1]) - 2
    # It comes back with the momentum that it had.
    model.train_step(batch('mpii'), optim)
    assert differing(before[2], snapshot(model, optim.optimizer, parts[2]))


def test_trained_part_moves_as_in_a_model_of_this_dataset_alone():
    """Ten steps on one dataset: others beside it change nothing in it. In
    float64, and not by AdamW, which makes a gradient of 1e-17 a step."""
    model = build().double()
    before, alone = copy.deepcopy(model), copy.deepcopy(model)
    del alone.heads['aic'], alone.heads['mpii']
    for block in alone.backbone.blocks:
        del block.mlp.experts[1:]
    optims = [OptimWrapper(OPTIMIZERS['SGD'](each.parameters()),
                           clip_grad=dict(max_norm=0.1))
              for each in (model, alone)]
    for _ in range(10):
        data = batch('coco', 'coco')
        data['inputs'] = [image.double() for image in data['inputs']]
        for sample in data['data_samples']:
            sample.gt_fields.heatmaps = sample.gt_fields.heatmaps.double()
            labels = sample.gt_instance_labels
            labels.keypoint_weights = labels.keypoint_weights.double()
        model.train_step(copy.deepcopy(data), optims[0])
        inputs = torch.stack(data['inputs'])
        feats = alone.backbone.encode(*lengthened(alone.backbone, inputs))
        loss = alone.heads['coco'].loss(feats, data['data_samples'],
                                        train_cfg=alone.train_cfg)
        optims[1].update_params(loss['loss_kpt'])
    state, start = model.state_dict(), before.state_dict()
    for key, tensor in alone.state_dict().items():
        torch.testing.assert_close(
            state[key], tensor, rtol=0, atol=1e-12, msg=key)
        assert not torch.equal(start[key], tensor), key


def lengthened(backbone, inputs):
    """Tokens, and a layout in which they all are of the only expert."""
    x, layout = backbone.embed(inputs)
    return x, layout._replace(lengths=(len(x), ))


def test_a_sample_in_any_accumulated_batch_counts():
    model = build()
    optim = OptimWrapper(
        OPTIMIZERS['AdamW'](model.parameters()), accumulative_counts=2)
    optim.initialize_count_status(model, 0, 100)
    parts = [owned(name, i) for i, name in enumerate(KEYPOINTS)]
    for _ in range(2):
        model.train_step(batch(*KEYPOINTS), optim)
    for _ in range(3):
        before = [snapshot(model, optim.optimizer, part) for part in parts]
        model.train_step(batch('coco'), optim)
        model.train_step(batch('aic'), optim)
        after = [snapshot(model, optim.optimizer, part) for part in parts]
        assert [bool(differing(*pair)) for pair in zip(before, after)] == [
            True, True, False]


def test_a_step_that_the_scaler_leaves_out_is_forgotten():
    model = build()
    optim = OPTIMIZERS['AdamW'](model.parameters())
    optim_wrapper = OptimWrapper(optim)
    model.train_step(batch(*KEYPOINTS), optim_wrapper)
    # What a gradient scaler does on overflow: no step, no gradients left.
    model.parse_losses(model(**stacked(batch('mpii')), mode='loss'))[
        0].backward()
    optim.zero_grad()
    is_own = owned('mpii', 2)
    before = snapshot(model, optim, is_own)
    model.train_step(batch('coco'), optim_wrapper)
    assert not differing(before, snapshot(model, optim, is_own))


def stacked(data: dict) -> dict:
    return dict(data, inputs=torch.stack(data['inputs']))


@pytest.mark.skipif(
    not hasattr(torch.amp, 'GradScaler'),
    reason='this torch scales gradients on GPUs only')
def test_mixed_precision_clipping_and_averages_keep_it_so():
    model = build()
    average = ExponentialMovingAverage(model, momentum=0.5)
    optim = OPTIMIZERS['AdamW'](model.parameters())
    scaler = torch.amp.GradScaler('cpu')
    is_own = owned('mpii', 2)
    before = snapshot(model, optim, is_own)
    for _ in range(5):
        with torch.autocast('cpu', torch.bfloat16):
            losses = model(**stacked(batch('coco', 'aic')), mode='loss')
        scaler.scale(model.parse_losses(losses)[0]).backward()
        scaler.unscale_(optim)
        nn.utils.clip_grad_norm_(model.parameters(), 0.1)
        scaler.step(optim)
        scaler.update()
        optim.zero_grad()
        average.update_parameters(model)
    for each in (model, average.module):
        assert not differing(before, {
            key: tensor for key, tensor in each.state_dict().items()
            if is_own(key)})


def test_other_models_and_optimisers_are_left_alone():
    model, other = build(), nn.Linear(2, 2)
    model.parse_losses(model(**stacked(batch('coco')), mode='loss'))[
        0].backward()
    grads = [param.grad for param in model.parameters()]
    assert all(grad is not None for grad in grads)
    optim = torch.optim.SGD(other.parameters(), 0.1, weight_decay=1.)
    before = other.weight.clone()
    other.weight.grad = torch.zeros(2, 2)
    optim.step()
    torch.testing.assert_close(other.weight, 0.9 * before)
    assert all(param.grad is grad
               for param, grad in zip(model.parameters(), grads))


def test_an_empty_batch_moves_nothing():
    model = build()
    optim = OptimWrapper(OPTIMIZERS['AdamW'](model.parameters()))
    model.train_step(batch(*KEYPOINTS), optim)
    before = snapshot(model, optim.optimizer, lambda key: True)
    losses = model(torch.zeros(0, 3, 32, 32), [], mode='loss')
    optim.update_params(model.parse_losses(losses)[0])
    assert not differing(
        before, snapshot(model, optim.optimizer, lambda key: True))


def test_batch_norms_shared_between_processes_are_refused(monkeypatch):
    model = nn.SyncBatchNorm.convert_sync_batchnorm(build())
    model.train()
    monkeypatch.setattr(idle_parts, 'get_world_size', lambda: 2)
    model.eval()
    with pytest.raises(ValueError, match='remove sync_bn from the config'):
        model.train()


COMPILED = '''
import torch
import vitpose_mm
from vitpose_mm.models.pose_estimators import idle_parts
idle_parts.refuse_unwatched_steps()
torch.compile(torch.nn.Linear(2, 2), backend='eager')(torch.ones(1, 2))
try:
    idle_parts.refuse_unwatched_steps()
except RuntimeError as error:
    print('refused:', error)
'''


def test_a_torch_that_forgets_hooks_is_refused_and_no_other():
    # In a process of its own: compiling marks all of the rest of one.
    done = subprocess.run([sys.executable, '-c', COMPILED],
                          capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    refused = done.stdout.startswith('refused: torch 2.1')
    assert refused == idle_parts.FORGETS_HOOKS, done.stdout
