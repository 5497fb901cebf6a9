# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from types import SimpleNamespace

import pytest
import torch
from mmengine.evaluator import BaseMetric, Evaluator
from mmengine.model import BaseModel
from mmpose.registry import HOOKS
from torch import nn
from torch.utils.data import DataLoader

from vitpose_mm.models import FastTopdownPoseEstimator


@pytest.fixture
def hook():
    return HOOKS.build(dict(type='HalfWeightsHook'))


@pytest.fixture
def fast(student_config, build):
    """The tiny student, whose tests run in bfloat16."""
    return build(
        student_config(
            type='FastTopdownPoseEstimator',
            test_cfg=dict(amp_dtype='bfloat16'),
            **{'head.decoder.type': 'BatchUDPHeatmap'})).eval()


def heatmaps(model):
    crops = torch.randn(
        2, 3, 64, 48, generator=torch.Generator().manual_seed(0))
    with torch.no_grad(), torch.autocast('cpu', torch.bfloat16):
        return model(crops, None)


def test_results_are_those_of_autocast(hook, fast):
    expected = heatmaps(fast)
    hook.before_test_iter(SimpleNamespace(model=fast), 0)
    assert fast.backbone.blocks[0].attn.qkv.weight.dtype == torch.bfloat16
    assert fast.backbone.blocks[0].norm1.weight.dtype == torch.float32
    assert torch.equal(heatmaps(fast), expected)


def test_the_model_gets_its_own_weights_back(hook, fast):
    before = {name: param for name, param in fast.named_parameters()}
    runner = SimpleNamespace(model=fast)
    for batch_idx in range(3):
        hook.before_val_iter(runner, batch_idx)
    hook.after_val_epoch(runner)
    after = dict(fast.named_parameters())
    assert list(after) == list(before)
    assert all(after[name] is param for name, param in before.items())


def test_each_epoch_has_the_weights_of_its_time(hook, fast):
    runner = SimpleNamespace(model=fast)
    seen = []
    for _ in range(2):
        hook.before_val_iter(runner, 0)
        seen.append(fast.head.final_layer.weight)
        values = seen[-1].clone()
        hook.after_val_epoch(runner)
        assert torch.equal(values, fast.head.final_layer.weight.bfloat16())
        nn.init.normal_(fast.head.final_layer.weight)
    # Old versions of Dynamo keep the object that they have compiled.
    assert seen[0] is seen[1]


def test_a_model_without_the_key_is_refused(hook, student_config, build):
    with pytest.raises(ValueError, match='test_cfg.amp_dtype'):
        hook.before_test_iter(
            SimpleNamespace(model=build(student_config())), 0)


class Line(FastTopdownPoseEstimator):
    """Learns y = 0; notes the type of its weights."""

    def __init__(self):
        BaseModel.__init__(self)  # it has no backbone
        self.test_cfg = dict(amp_dtype='bfloat16')
        self.layer = nn.Linear(3, 1)
        self.dtypes = []

    def forward(self, inputs, mode='tensor'):
        self.dtypes.append((mode, self.layer.weight.dtype))
        if mode == 'loss':
            return dict(loss=self.layer(inputs).square().mean())
        return [float(self.layer.weight.float().sum())] * len(inputs)


class Sum(BaseMetric):

    def process(self, data_batch, data_samples):
        self.results += data_samples

    def compute_metrics(self, results):
        return dict(sum=sum(results))


def test_averages_and_checkpoints_do_not_notice(make_runner, tmp_path):
    saved = []
    for hooks in ([], [dict(type='HalfWeightsHook')]):
        torch.manual_seed(0)
        model = Line()
        work_dir = tmp_path / str(len(hooks))
        loader = DataLoader([dict(inputs=torch.ones(3))] * 4, 2)
        make_runner(
            model, [dict(type='EMAHook', momentum=0.5), *hooks],
            epochs=3,
            work_dir=str(work_dir),
            train_dataloader=loader,
            val_dataloader=loader,
            val_cfg=dict(),
            val_evaluator=Evaluator(Sum()),
            default_hooks=dict(
                checkpoint=dict(
                    type='CheckpointHook', interval=1, save_best='sum',
                    rule='less'))).train()
        saved.append({
            path.name: torch.load(path, weights_only=False)['state_dict']
            for path in work_dir.glob('*.pth')
        })
        assert {dtype for mode, dtype in model.dtypes if mode == 'predict'
                } == {torch.bfloat16 if hooks else torch.float32}
        assert {dtype for mode, dtype in model.dtypes if mode == 'loss'
                } == {torch.float32}
    plain, half = saved
    assert len(plain) == 4 and plain.keys() == half.keys()
    for name, weights in plain.items():
        for key, value in weights.items():
            assert half[name][key].dtype == value.dtype
            assert torch.equal(half[name][key], value)
