# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Interrupted runs against runs that were left alone, bit for bit."""
import random

import numpy as np
import pytest
import torch
from mmengine.evaluator import BaseMetric
from mmengine.hooks import Hook
from mmengine.model import BaseModel
from mmengine.runner import Runner
from mmpose.registry import DATASETS, HOOKS, METRICS, MODELS
from torch import nn
from torch.utils.data import Dataset

from vitpose_mm.checkpoints import CheckpointError

LENGTH, BATCH = 10, 4


@DATASETS.register_module(force=True)
class NoisySamples(Dataset):
    """Samples whose noise is of all three sources of random numbers."""

    def __init__(self, noisy: bool = True) -> None:
        self.metainfo = dict(dataset_name='noisy')
        self.noisy = noisy
        self.loaded = []

    def __len__(self) -> int:
        return LENGTH

    def __getitem__(self, index: int) -> dict:
        self.loaded.append(index)
        noise = random.random() + np.random.rand() + torch.rand(1).item()
        return dict(inputs=torch.full((3, ), index + self.noisy * noise))


@MODELS.register_module(force=True)
class Dropping(BaseModel):
    """A model that draws random numbers itself."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(3, 8), nn.Dropout(), nn.Tanh(),
                                    nn.BatchNorm1d(8), nn.Linear(8, 1))

    def forward(self, inputs, mode='tensor'):
        x = self.layers(torch.stack(inputs)).square().mean()
        return dict(loss=x) if mode == 'loss' else [x]


@METRICS.register_module(force=True)
class MeanOutput(BaseMetric):
    """What a validation found."""

    def process(self, data_batch, data_samples) -> None:
        self.results.extend(map(float, data_samples))

    def compute_metrics(self, results) -> dict:
        return dict(out=float(np.mean(results)))


@HOOKS.register_module(force=True)
class Interrupt(Hook):
    """Ends a run as a signal would, and notes what it has seen."""

    priority = 'VERY_HIGH'

    def __init__(self, step=None, in_validation=False) -> None:
        self.step = step
        self.in_validation = in_validation
        self.found = []

    def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
        if runner.iter == self.step and not self.in_validation:
            raise KeyboardInterrupt

    def before_val(self, runner) -> None:
        if runner.iter == self.step and self.in_validation:
            raise KeyboardInterrupt

    def after_val_epoch(self, runner, metrics=None) -> None:
        self.found.append((runner.iter, metrics['out']))


def make_runner(folder, name, by_epoch=True, workers=0, save=1, interrupt=None,
                sampler='DefaultSampler', resume=False, seed=5,
                in_validation=False, save_by_epoch=True):
    loader = dict(
        batch_size=BATCH, num_workers=workers,
        persistent_workers=workers > 0, dataset=dict(type='NoisySamples'),
        sampler=dict(type=sampler, shuffle=True))
    train_cfg = dict(by_epoch=True, max_epochs=4, val_interval=2) if by_epoch \
        else dict(by_epoch=False, max_iters=12, val_interval=6)
    return Runner(
        dict(type='Dropping'),
        work_dir=str(folder),
        train_dataloader=loader,
        val_dataloader=dict(
            loader, dataset=dict(type='NoisySamples', noisy=False),
            sampler=dict(type='DefaultSampler', shuffle=False)),
        val_evaluator=dict(type='MeanOutput'),
        val_cfg=dict(),
        train_cfg=train_cfg,
        optim_wrapper=dict(
            optimizer=dict(type='AdamW', lr=.1, weight_decay=.1)),
        param_scheduler=dict(
            type='CosineAnnealingLR', begin=0, end=12, by_epoch=False),
        custom_hooks=[
            dict(type='EMAHook'), dict(type='ResumeHook'),
            dict(type='Interrupt', step=interrupt,
                 in_validation=in_validation)
        ],
        default_hooks=dict(checkpoint=dict(
            type='WholeCheckpointHook', interval=save,
            by_epoch=save_by_epoch and by_epoch)),
        randomness=dict(seed=seed),
        resume=resume,
        default_scope='mmpose',
        log_level='ERROR',
        experiment_name=f'{folder.parent.name}_{name}',
        cfg=dict(
            train_dataloader=loader, resume=resume, load_from=None))


def train(folder, name, **options):
    """Weights and validations of a run, or None of an interrupted one."""
    # Whatever else a process has drawn before.
    torch.manual_seed(len(name))
    runner = make_runner(folder, name, **options)
    hook, = (one for one in runner.hooks if isinstance(one, Interrupt))
    try:
        runner.train()
    except KeyboardInterrupt:
        return None
    ema, = (one.ema_model for one in runner.hooks if hasattr(one, 'ema_model'))
    return {**runner.model.state_dict(),
            **{f'ema {key}': value
               for key, value in ema.state_dict().items()},
            'optimizer': torch.cat([
                state['exp_avg_sq'].flatten() for state in
                runner.optim_wrapper.optimizer.state.values()])}, hook.found


def assert_equal(one, other) -> None:
    assert one[1] == other[1] and one[1]
    assert one[0].keys() == other[0].keys()
    for key, value in one[0].items():
        torch.testing.assert_close(value, other[0][key], rtol=0, atol=0,
                                   msg=key)


KINDS = {
    'epochs': dict(),
    'within an epoch': dict(save_by_epoch=False, save=2),
    'iterations': dict(by_epoch=False, save=2),
    'endless sampler': dict(by_epoch=False, save=2, sampler='InfiniteSampler'),
}


@pytest.mark.parametrize('kind, workers', [
    ('epochs', 0), ('epochs', 2), ('within an epoch', 0), ('iterations', 0),
    ('endless sampler', 0), ('endless sampler', 1)])
def test_an_interrupted_run_ends_where_an_unbroken_one_does(
        tmp_path, kind, workers):
    options = KINDS[kind]
    whole = train(tmp_path / 'whole', 'whole', **options)
    folder = tmp_path / 'broken'
    for number, step in enumerate((5, 9)):
        assert train(folder, f'broken {number}', interrupt=step,
                     resume=number > 0, workers=workers, **options) is None
    resumed = train(folder, 'resumed', resume=True, workers=workers,
                    **options)
    steps = [step for step, _ in whole[1]]
    assert steps == [6, 12]
    assert_equal((whole[0], whole[1][-len(resumed[1]):]), resumed)


@pytest.mark.parametrize('kind', ['epochs', 'iterations'])
def test_an_interrupted_validation_is_made_up_for(tmp_path, kind):
    options = KINDS[kind]
    whole = train(tmp_path / 'whole', 'whole', **options)
    for step in (6, 12):
        folder = tmp_path / f'broken {step}'
        assert train(folder, f'first {step}', interrupt=step,
                     in_validation=True, **options) is None
        resumed = train(folder, f'second {step}', resume=True, **options)
        assert resumed[1] == [one for one in whole[1] if one[0] >= step]
        if step < 12:
            assert_equal((whole[0], resumed[1]), resumed)


def test_the_seed_of_a_checkpoint_holds_where_the_config_states_none(tmp_path):
    folder = tmp_path / 'run'
    assert train(folder, 'first', interrupt=9, seed=5) is None
    resumed = train(folder, 'second', resume=True, seed=None)
    whole = train(tmp_path / 'whole', 'whole', seed=5)
    assert_equal((whole[0], whole[1][-len(resumed[1]):]), resumed)


def test_what_was_trained_is_not_loaded_again(tmp_path):
    folder = tmp_path / 'run'
    options = KINDS['iterations']
    assert train(folder, 'first', interrupt=9, **options) is None
    runner = make_runner(folder, 'second', resume=True, **options)
    runner.train()
    loaded = runner.train_dataloader.dataset.loaded
    # Of 12 steps 8 were trained; 3 batches are 10 samples.
    assert len(loaded) == 10 + 2


def test_a_broken_newest_checkpoint_falls_back_to_the_one_before(tmp_path):
    whole = train(tmp_path / 'whole', 'whole')
    folder = tmp_path / 'run'
    assert train(folder, 'first', interrupt=7) is None
    assert sorted(path.name for path in folder.glob('*.pth')) == [
        'epoch_1.pth', 'epoch_2.pth']
    newest = folder / 'epoch_2.pth'
    newest.write_bytes(newest.read_bytes()[:-1000])
    resumed = train(folder, 'second', resume=True)
    assert_equal(whole, resumed)
    assert 'epoch_4' in (folder / 'last_checkpoint').read_text()


@pytest.mark.parametrize('content', ['', '/nowhere/epoch_9.pth', None])
def test_a_broken_last_checkpoint_is_found_again(tmp_path, content):
    folder = tmp_path / 'run'
    assert train(folder, 'first', interrupt=7) is None
    (folder / 'last_checkpoint').unlink()
    if content is not None:
        (folder / 'last_checkpoint').write_text(content)
    resumed = train(folder, 'second', resume=True)
    whole = train(tmp_path / 'whole', 'whole')
    assert_equal((whole[0], whole[1][-len(resumed[1]):]), resumed)


def test_a_folder_without_a_whole_checkpoint_is_refused(tmp_path):
    folder = tmp_path / 'run'
    assert train(folder, 'first', interrupt=4) is None
    for path in folder.glob('*.pth'):
        path.write_bytes(b'x')
    with pytest.raises(CheckpointError, match='no checkpoint in .*run can be'):
        train(folder, 'second', resume=True)


def test_a_first_run_with_resume_starts(tmp_path):
    assert_equal(train(tmp_path / 'run', 'one', resume=True),
                 train(tmp_path / 'whole', 'whole'))


def test_a_loader_that_is_no_config_is_refused(tmp_path):
    runner = make_runner(tmp_path / 'run', 'one')
    runner.cfg.train_dataloader = None
    with pytest.raises(ValueError, match='needs train_dataloader'):
        runner.train()
