# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""What several processes do where one of them meets something."""
import os
import time
from datetime import timedelta
from pathlib import Path
from typing import List, Optional

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpose.registry import DATASETS, HOOKS, MODELS
from processes import run_processes
from torch import Tensor, distributed

TIMEOUT = 6.  # seconds, as env_cfg.dist_cfg.timeout


def make_runner(work_dir: Path, hooks: List[dict], length: int = 5,
                bad: Optional[int] = None, sampler: str = 'DefaultSampler',
                resume: bool = False, **sampler_options) -> Runner:
    """A run of two epochs in batches of two, on this process's share of
    ``length`` samples, of which one may have a target that is no number."""
    from conftest import People, estimator  # beside this file

    @DATASETS.register_module(force=True)
    class NamedPeople(People):

        def __init__(self) -> None:
            super().__init__(length)
            self.datasets = [range(length)]
            for index, sample in enumerate(self.samples):
                sample = sample['data_samples']
                sample.set_metainfo(dict(img_path=f'{index}.jpg', id=index))
                if index == bad:
                    sample.gt_fields.heatmaps *= torch.nan
                    sample.gt_instance_labels.keypoint_weights[:] = 1

    model = MODELS.build(estimator())
    model.init_weights()
    loader = dict(
        batch_size=2, num_workers=0, dataset=dict(type='NamedPeople'),
        sampler=dict(type=sampler, **sampler_options))
    several = dict(type='MMDistributedDataParallel', device_ids=None)
    return Runner(
        model, str(work_dir), train_dataloader=loader,
        train_cfg=dict(by_epoch=True, max_epochs=2),
        optim_wrapper=dict(optimizer=dict(type='AdamW', lr=0.1)),
        default_hooks=dict(checkpoint=dict(type='WholeCheckpointHook')),
        custom_hooks=hooks, default_scope='mmpose', launcher='pytorch',
        resume=resume, randomness=dict(seed=0),
        cfg=dict(model_wrapper_cfg=several, resume=resume, load_from=None,
                 train_dataloader=loader))


def train(work_dir: Path, hooks: List[dict], **options) -> Tensor:
    """All weights after a training."""
    model = make_runner(work_dir, hooks, **options).train()
    return torch.cat([param.detach().flatten()
                      for param in model.parameters()])


def train_in_turn(work_dir: Path) -> List[Tensor]:
    hooks = [dict(type='ResumeHook'), dict(type='EMAHook'),
             dict(type='ModelDataCheckHook'), dict(type='NaNHook')]
    return [train(work_dir, hooks, sampler=sampler)
            for sampler in ('DefaultSampler', 'MultiDatasetSampler')]


def test_uneven_last_batches_train(tmp_path):
    # Each process has 3 of 5 samples, one of them twice: 2 and 1.
    one, two = run_processes(train_in_turn, 2, tmp_path)
    for own, other in zip(one, two):
        assert torch.equal(own, other) and own.isfinite().all()


def refusal(work_dir: Path, bad: Optional[int], hook: dict, **options) -> str:
    """What a training that must not go on says."""
    from vitpose_mm.checkpoints import CheckpointError
    from vitpose_mm.engine.hooks.nan_hook import NaNError
    try:
        train(work_dir, [hook], bad=bad, **options)
    except (CheckpointError, NaNError, ValueError) as error:
        return str(error)
    return 'nothing'


def refusals(work_dir: Path) -> List[str]:
    rank = distributed.get_rank()
    own = work_dir / f'node_{rank}'
    if rank == 0:
        own.mkdir()
        (own / 'last_checkpoint').write_text(str(own / 'epoch_1.pth'))
        torch.save(dict(optimizer={}, meta=dict(iter=2)), own / 'epoch_1.pth')
    return [
        # Index 3 is in the second process's first batch.
        refusal(work_dir, 3, dict(type='NaNHook'), shuffle=False),
        refusal(work_dir, None, dict(type='ModelDataCheckHook'),
                round_up=False),
        refusal(own, None, dict(type='ResumeHook'), resume=True)]


def test_all_processes_stop_with_one_message(tmp_path):
    one, two = run_processes(refusals, 2, tmp_path)
    # Their folders differ where they resume.
    assert one == [text.replace('node_1', 'node_0') for text in two]
    nan, batches, resume = one
    assert 'step 1 (epoch 1): loss, loss_kpt are no number for 1.jpg ' \
        '(annotation 1, people), 3.jpg (annotation 3, people); saved as ' \
        f'{tmp_path}/nan_step_1_rank_1.pth. The last' in nan
    assert 'gives the processes [2, 1] batches' in batches
    assert 'last checkpoint is epoch_1.pth on' in resume
    assert f' and none on {os.uname().nodename}; let work_dir' in resume


def leave_out(work_dir: Path) -> tuple:
    runner = make_runner(
        work_dir, [dict(type='NaNHook', on_nan='skip')], bad=3, shuffle=False)
    runner.train()
    hook, = (hook for hook in runner.hooks if hasattr(hook, 'skipped'))
    weights = torch.cat([param.detach().flatten()
                         for param in runner.model.parameters()])
    return hook.skipped, weights


def test_all_processes_leave_a_step_out(tmp_path):
    one, two = run_processes(leave_out, 2, tmp_path)
    assert one[0] == two[0] == 2
    assert torch.equal(one[1], two[1]) and one[1].isfinite().all()
    # The first process writes the log, the second has met it.
    log = next(tmp_path.glob('*/*.log')).read_text()
    assert '3.jpg (annotation 3, people); saved as' in log
    assert 'left out, the 2. so far' in log


@HOOKS.register_module(force=True)
class Stop(Hook):
    """The second process does nothing in the second step, or dies."""

    def __init__(self, dies: bool) -> None:
        self.dies = dies

    def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
        if runner.iter == 1 and distributed.get_rank() == 1:
            if self.dies:
                os._exit(0)  # unseen by run_processes
            time.sleep(120)


def stop(work_dir: Path, dies: bool) -> None:
    """Train in a group with a limit."""
    distributed.destroy_process_group()
    distributed.init_process_group(
        'gloo', f'file://{work_dir}/meet', timeout=timedelta(seconds=TIMEOUT),
        rank=int(os.environ['RANK']), world_size=2)
    train(work_dir, [dict(type='Stop', dies=dies)])


@pytest.mark.parametrize('dies, message', [
    (False, r'(?i)timed out.*6000 ?ms'), (True, '(?i)by peer')])
def test_a_process_that_hangs_or_dies_ends_the_others(tmp_path, dies,
                                                      message):
    with pytest.raises(RuntimeError, match=message):
        run_processes(stop, 2, tmp_path, dies, timeout=60)
