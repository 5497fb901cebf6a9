# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Runs that combine features end where an unbroken run ends; what cannot be
combined is refused by one sentence before the first batch."""
import copy
from types import SimpleNamespace

import numpy as np
import pairs
import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.runner import Runner
from mmengine.structures import InstanceData
from mmengine.utils import digit_version
from mmpose.datasets.transforms import GenerateTarget
from mmpose.registry import HOOKS, KEYPOINT_CODECS, MODELS
from pairs import ALL, FLIP, SIZE
from torch.utils.data import DataLoader

from vitpose_mm.engine.distillation import write_token
from vitpose_mm.engine.hooks.compile_hook import OLDEST_COMPILER
from vitpose_mm.engine.hooks.model_data_check_hook import check_agreement

TOKEN = dict(type='TokenDistillHook')
OUTPUT = dict(type='OutputDistillHook')
DRAWN = dict(
    type='HeatmapDataPreprocessor', codec=pairs.codec(),
    mean=[120., 110., 100.], std=[60., 50., 40.])
AMP = dict(type='AmpOptimWrapper', dtype='bfloat16')
# Model, datasets of the crops (None: bottom-up), hooks, optim_wrapper.
RUNS = {
    'plain, output': (pairs.estimator('ViT'), 'aaaa', [OUTPUT], {}),
    'windows, token, output, with_cp': (
        pairs.estimator('ViT', ALL, with_cp=True), 'aaaa', [TOKEN, OUTPUT],
        {}),
    'ViTAE, with_cp, AMP, output': (
        pairs.estimator('ViTAE', ('shift', ), with_cp=True), 'aaaa',
        [OUTPUT], AMP),
    'experts, token, output, AMP': (
        pairs.estimator('ViTMoE-partial', ('token', 'pooling')), 'baab',
        [TOKEN, dict(OUTPUT, dataset='a')], AMP),
    'experts, windows, with_cp, accumulated': (
        pairs.estimator('ViTMoE-shared_independent', ALL, with_cp=True),
        'aabb', [], dict(accumulative_counts=2)),
    'targets on the device, windows, output, AMP': (
        dict(pairs.estimator('ViT', ('rel_pos', )), data_preprocessor=DRAWN),
        'aaaa', [OUTPUT], AMP),
    'experts, targets on the device': (
        dict(pairs.estimator('ViTMoE-independent'), data_preprocessor=DRAWN),
        'abba', [dict(OUTPUT, dataset='a')], {}),
    'names, experts, token, output, AMP': (
        pairs.named('ViTMoE-partial', ('token', )), 'baab',
        [TOKEN, dict(OUTPUT, dataset='a')], AMP),
    'names, one backbone, windows, accumulated': (
        pairs.named('ViT', ALL, with_cp=True), 'abab', [],
        dict(accumulative_counts=2)),
    'bottom-up, windows, token, with_cp, AMP': (
        pairs.bottomup('ViT', ALL, with_cp=True), None, [TOKEN], AMP),
    'bottom-up, ViTAE': (pairs.bottomup('ViTAE', ('pooling', )), None, [],
                         {}),
}


def build(config, **changes):
    return pairs.randomise(MODELS.build(copy.deepcopy(dict(config,
                                                           **changes))))


def save_model(config, name, tmp_path):
    """Write a model; returns the arguments of a hook."""
    model = build(config)
    Config(dict(model=config)).dump(tmp_path / f'{name}.py')
    torch.save(dict(state_dict=model.state_dict()), tmp_path / f'{name}.pth')
    return dict(teacher=str(tmp_path / f'{name}.py'),
                teacher_checkpoint=str(tmp_path / f'{name}.pth'))


def complete(hooks, tmp_path):
    """Give hooks of distillation what they read."""
    hooks = copy.deepcopy(hooks)
    for hook in hooks:
        if hook['type'] == 'OutputDistillHook':
            hook.update(save_model(
                pairs.estimator('ViTAE', ('windows', )), 'teacher', tmp_path))
        if hook['type'] == 'TokenDistillHook':
            # Of another width, so that it learns.
            hook.update(token=str(tmp_path / 'token.pth'))
            write_token(tmp_path / 'token.pth', torch.ones(1, 2, 24), {})
    return hooks


def data_for(config, names):
    """What a dataset gives: eight crops with targets."""
    if names is None:
        samples = pairs.crowd(4) + pairs.crowd(4)
    else:
        samples = pairs.samples_for(config, names * 2)
    if config['data_preprocessor']['type'] == 'HeatmapDataPreprocessor':
        codec = KEYPOINT_CODECS.build(DRAWN['codec'])
        rng = np.random.default_rng(0)
        for each in samples:
            del each.gt_fields
            points = rng.uniform(0, SIZE, (1, len(
                FLIP[each.dataset_name]), 2)).astype(np.float32)
            each.gt_instance_labels = InstanceData(**{
                key: torch.from_numpy(value)
                for key, value in codec.encode(points).items()
            })
    generator = torch.Generator().manual_seed(0)
    return [dict(inputs=torch.randint(
        0, 256, (3, *SIZE[::-1]), generator=generator).byte(),
        data_samples=each) for each in samples]


class Loader(DataLoader):
    """Hands out copies: preprocessors write into samples."""

    def __iter__(self):
        for batch in super().__iter__():
            yield copy.deepcopy(batch)


def run(config, names, hooks, wrapper, folder, resume_from=None):
    """Train four epochs; returns what each epoch's file holds."""
    loader = Loader(data_for(config, names), batch_size=4,
                    collate_fn=pseudo_collate)
    Runner(
        build(config), work_dir=str(folder), train_dataloader=loader,
        train_cfg=dict(by_epoch=True, max_epochs=4),
        optim_wrapper=dict(
            dict(type='OptimWrapper', optimizer=dict(
                type='AdamW', lr=.01, weight_decay=.1)), **wrapper),
        param_scheduler=dict(type='LinearLR', start_factor=.1, end=4),
        custom_hooks=[*hooks, dict(type='EMAHook', momentum=.2)],
        default_hooks=dict(logger=dict(type='LoggerHook', interval=1)),
        default_scope='mmpose', log_level='ERROR', resume=bool(resume_from),
        load_from=resume_from and str(resume_from),
        experiment_name=f'{folder.parent.name}_{folder.name}').train()
    return [torch.load(folder / f'epoch_{epoch}.pth', weights_only=False)
            if (folder / f'epoch_{epoch}.pth').exists() else None
            for epoch in (1, 2, 3, 4)]


@pytest.fixture
def amp_on_cpu(monkeypatch):
    """MMEngine asks for a GPU first, though bfloat16 needs no scaler."""
    module = 'mmengine.optim.optimizer.amp_optimizer_wrapper'
    monkeypatch.setattr(f'{module}.is_cuda_available', lambda: True)
    monkeypatch.setattr(torch.cuda.amp, 'GradScaler',
                        lambda **_: torch.amp.GradScaler(enabled=False))


@pytest.mark.parametrize('name', [
    name if 'token' in name else pytest.param(name, marks=pytest.mark.slow)
    for name in RUNS])
def test_a_resumed_run_ends_where_an_unbroken_one_does(name, tmp_path,
                                                       amp_on_cpu):
    config, names, hooks, wrapper = RUNS[name]
    hooks = complete(hooks, tmp_path)
    whole = run(config, names, hooks, wrapper, tmp_path / 'whole')
    resumed = run(config, names, hooks, wrapper, tmp_path / 'resumed',
                  tmp_path / 'whole/epoch_2.pth')
    for part in 'state_dict', 'ema_state_dict':
        first, last, again = whole[0][part], whole[3][part], resumed[3][part]
        assert list(last) == list(again)
        for key in last:
            torch.testing.assert_close(last[key], again[key], msg=key)
        moved = [key for key in last if 'weight' in key
                 and not torch.equal(first[key], last[key])]
        assert len(moved) > 10
        assert not any('teacher' in key for key in last)


@pytest.mark.parametrize('kind, options', [
    ('ViT', ()), ('ViT', (*ALL, 'stride')), ('ViTAE', ALL)])
@pytest.mark.parametrize('loss', ['KeypointMSELoss', 'HeatmapKLLoss'])
def test_a_student_that_is_its_teacher_has_nothing_to_learn(
        kind, options, loss, tmp_path):
    config = pairs.estimator(kind, options)
    student = build(config).eval()  # with the teacher's batch statistics
    hook = HOOKS.build(dict(OUTPUT, loss=dict(type=loss), **save_model(
        config, 'teacher', tmp_path)))
    hook.before_train(runner_of(student))
    inputs, samples = pairs.crops(3), pairs.samples_for(config, 'aaa')
    found = pairs.losses(student, inputs, samples)
    assert found['loss_distill'].abs() < 1e-6 < found['loss_kpt']
    with torch.no_grad():
        student.head.final_layer.weight.add_(.1)
    assert pairs.losses(student, inputs, samples)['loss_distill'] > 1e-6


def runner_of(model, dataset=None):
    dataset = dataset or SimpleNamespace(metainfo={}, pipeline=None)
    return SimpleNamespace(
        model=model, iter=0, train_dataloader=SimpleNamespace(
            dataset=dataset), test_dataloader=SimpleNamespace(
            dataset=dataset))


def alone(kind: str, **changes) -> dict:
    """A model for one dataset with any backbone."""
    return dict(pairs.estimator('ViT', **changes),
                backbone=pairs.backbone(kind))


STOCK = dict(type='TopdownPoseEstimator', test_cfg=dict(amp_dtype='bfloat16'))
REFUSED = {
    'experts without routes': (
        alone('ViTMoE-partial'), dict(type='ModelDataCheckHook'),
        'FastTopdownPoseEstimator does not tell the 2 experts'),
    'experts in bottom-up': (
        dict(pairs.bottomup('ViT'), backbone=pairs.backbone(
            'ViTMoE-independent')), dict(type='ModelDataCheckHook'),
        'BottomupPoseEstimator does not tell the 2 experts'),
    'experts, compiled': (
        pairs.estimator('ViTMoE-partial'), dict(type='CompileHook'),
        'CompileHook compiles estimators with one head'),
    'half precision in a stock estimator': (
        alone('ViT', **STOCK), dict(type='ModelDataCheckHook'),
        "TopdownPoseEstimator would ignore test_cfg.amp_dtype='bfloat16'"),
    'half weights in a stock estimator': (
        alone('ViT', **STOCK), dict(type='HalfWeightsHook'),
        'TopdownPoseEstimator would ignore test_cfg.amp_dtype'),
    'half weights, bottom-up': (
        dict(pairs.bottomup('ViT'), test_cfg=dict(amp_dtype='float16')),
        dict(type='HalfWeightsHook'), 'BottomupPoseEstimator would ignore'),
    'half precision with a codec of NumPy': (
        pairs.estimator('ViT', (), 'UDPHeatmap', test_cfg=dict(
            amp_dtype='bfloat16')), None, 'UDPHeatmap cannot decode'),
    'the same with experts': (
        pairs.estimator('ViTMoE-partial', (), 'UDPHeatmap', test_cfg=dict(
            amp_dtype='float16')), None, 'UDPHeatmap cannot decode'),
    'a bottom-up student': (
        pairs.bottomup('ViT'), dict(OUTPUT, keypoint_map=[(0, 0)]),
        'AEHead cannot be distilled: .*bottom-up'),
    'a bottom-up teacher': (
        pairs.estimator('ViT'), dict(
            OUTPUT, of=pairs.bottomup('ViT'), keypoint_map=[(0, 0)]),
        'AEHead cannot be distilled: .*bottom-up'),
    'a joint teacher': (
        pairs.estimator('ViT'), dict(
            OUTPUT, of=pairs.estimator('ViTMoE-partial')),
        'teacher.py has no head to learn from'),
    'a token for no place': (
        pairs.bottomup('ViTAE'), TOKEN, 'ViTAE has no knowledge token'),
    'a token for experts without a place': (
        pairs.estimator('ViTMoE-partial'), TOKEN, 'ViTMoE has no knowledge'),
}


@pytest.mark.parametrize('name', REFUSED)
def test_what_cannot_be_combined_is_refused(name, tmp_path):
    config, hook, message = REFUSED[name]
    if hook and hook['type'] == 'CompileHook' and digit_version(
            torch.__version__) < digit_version(OLDEST_COMPILER):
        message = 'CompileHook needs torch'
    with pytest.raises((RuntimeError, ValueError), match=message):
        model = build(config)
        hook = dict(hook)
        if 'of' in hook:
            hook.update(save_model(hook.pop('of'), 'teacher', tmp_path))
        else:
            hook, = complete([hook], tmp_path)
        hook = HOOKS.build(hook)
        if hook.__class__.__name__ == 'HalfWeightsHook':
            hook.before_test_iter(runner_of(model), 0)
        hook.before_train(runner_of(model))


@pytest.mark.parametrize('drawn', [False, True])
def test_coordinates_that_nobody_draws_are_refused(drawn):
    config = pairs.estimator('ViT')
    if drawn:
        config.data_preprocessor = DRAWN
    dataset = SimpleNamespace(metainfo={}, pipeline=SimpleNamespace(
        transforms=[GenerateTarget(encoder=pairs.codec())]))
    model = build(config)
    if drawn:
        check_agreement(model, dataset, training=True)
        return
    with pytest.raises(ValueError, match='PoseDataPreprocessor draws no '
                       'heatmaps: .*HeatmapDataPreprocessor'):
        check_agreement(model, dataset, training=True)
    # Tests draw nothing.
    check_agreement(model, dataset)
