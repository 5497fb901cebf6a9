# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from types import SimpleNamespace

import pytest
import torch
from mmengine.dataset import pseudo_collate
from mmengine.optim import OptimWrapper, OptimWrapperDict
from torch.utils.data import DataLoader, Dataset

from vitpose_mm.checkpoints.read import read_checkpoint
from vitpose_mm.engine.hooks.nan_hook import NaNError, NaNHook
from vitpose_mm.engine.replay import load_batch


class Samples(Dataset):
    """Samples of another loader, of which one has a target that is none.

    Args:
        batch: What pseudo_collate made of some samples.
        bad: Index of the one.
        left_out: Indices that do not appear.
    """

    def __init__(self, batch, bad=None, left_out=()) -> None:
        self.metainfo = dict(dataset_name='people')
        self.samples = []
        pairs = zip(batch['inputs'], batch['data_samples'])
        for index, (image, sample) in enumerate(pairs):
            sample = sample.clone()
            sample.set_metainfo(dict(img_path=f'img_{index}.jpg', id=index))
            if index == bad:
                sample.gt_fields.heatmaps = sample.gt_fields.heatmaps * \
                    float('nan')
                sample.gt_instance_labels.keypoint_weights[:] = 1
            if index not in left_out:
                self.samples.append(dict(inputs=image, data_samples=sample))

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> dict:
        return self.samples[index]


@pytest.fixture
def train(make_runner, build, student_config, batch):
    """Trains on four samples, in batches of one; the runner."""

    def run(hooks, bad=2, left_out=(), **options):
        dataset = Samples(batch, bad, left_out)
        runner = make_runner(
            build(student_config()), hooks, epochs=2,
            train_dataloader=DataLoader(
                dataset, 1, collate_fn=pseudo_collate),
            optim_wrapper=dict(
                optimizer=dict(type='AdamW', lr=.01, weight_decay=.5),
                **options),
            default_hooks=dict(checkpoint=dict(
                type='WholeCheckpointHook', by_epoch=False, interval=1,
                max_keep_ckpts=1)))
        runner.train()
        return runner

    return run


def test_a_run_stops_and_names_step_and_sample(train, tmp_path):
    with pytest.raises(NaNError, match=(
            r'step 3 \(epoch 1\): loss, loss_kpt are no number for img_2.jpg '
            r'\(annotation 2, people\); saved as .*nan_step_3_rank_0.pth')):
        train([dict(type='NaNHook')])
    folder = tmp_path / 'work_dir'
    good, = folder.glob('iter_*.pth')
    assert good.name == 'iter_2.pth'
    weights = read_checkpoint(good)['state_dict']
    assert all(value.isfinite().all() for value in weights.values())


def test_a_saved_batch_gives_the_loss_again(
        train, build, student_config, tmp_path):
    with pytest.raises(NaNError):
        train([dict(type='NaNHook')])
    saved = load_batch(tmp_path / 'work_dir' / 'nan_step_3_rank_0.pth')
    sample, = saved['data_samples']
    assert sample.img_path == 'img_2.jpg' and sample.id == 2
    model = build(student_config())

    def loss() -> torch.Tensor:
        data = model.data_preprocessor(saved, True)
        return model(**data, mode='loss')['loss_kpt']

    assert loss().isnan()
    sample.gt_fields.heatmaps = torch.nan_to_num(sample.gt_fields.heatmaps)
    assert loss().isfinite()


def test_a_step_that_is_left_out_changes_nothing(train):
    skipping = train([dict(type='NaNHook', on_nan='skip')])
    without = train([], bad=None, left_out=[2])
    for one, other in zip(skipping.model.state_dict().values(),
                          without.model.state_dict().values()):
        torch.testing.assert_close(one, other, rtol=0, atol=0)
    hook, = (hook for hook in skipping.hooks if hasattr(hook, 'on_nan'))
    assert hook.skipped == 2


def test_of_several_batches_in_a_step_a_bad_one_spoils_all(train):
    skipping = train([dict(type='NaNHook', on_nan='skip')],
                     accumulative_counts=2)
    without = train([], bad=None, left_out=[2, 3], accumulative_counts=2)
    for one, other in zip(skipping.model.state_dict().values(),
                          without.model.state_dict().values()):
        torch.testing.assert_close(one, other, rtol=0, atol=0)


def test_weights_that_are_no_numbers_are_not_saved(
        make_runner, build, student_config, tmp_path):
    model = build(student_config())
    runner = make_runner(
        model, [dict(type='NaNHook')],
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=float('inf'))),
        default_hooks=dict(checkpoint=dict(type='WholeCheckpointHook')))
    with pytest.raises(NaNError):
        runner.train()
    assert not list((tmp_path / 'work_dir').glob('epoch_*.pth'))


def test_an_unknown_action_is_refused(make_runner, build, student_config):
    with pytest.raises(ValueError, match="on_nan='ignore' is not one of"):
        make_runner(build(student_config()),
                    [dict(type='NaNHook', on_nan='ignore')])


def test_each_of_several_optimisers_leaves_a_bad_step_out(
        build, student_config, batch, tmp_path, log):
    model = build(student_config()).train()
    wrapper = OptimWrapperDict(**{
        name: OptimWrapper(torch.optim.AdamW(part.parameters(), lr=.1))
        for name, part in dict(backbone=model.backbone,
                               head=model.head).items()})
    runner = SimpleNamespace(
        model=model, optim_wrapper=wrapper, iter=0, epoch=0,
        work_dir=str(tmp_path), logger=SimpleNamespace(warning=print))
    hook = NaNHook('skip')
    hook.before_train(runner)

    def changed_by_a_step() -> set:
        before = {name: param.clone()
                  for name, param in model.named_parameters()}
        loss, outputs = model.parse_losses(
            model(**model.data_preprocessor(batch, True), mode='loss'))
        loss.backward()
        for part in wrapper.values():
            part.step()
            part.zero_grad()
        hook.after_train_iter(runner, 0, batch, outputs)
        return {name.split('.')[0]
                for name, param in model.named_parameters()
                if not torch.equal(param, before[name])}

    fields = batch['data_samples'][0].gt_fields
    heatmaps = fields.heatmaps
    batch['data_samples'][0].gt_instance_labels.keypoint_weights[:] = 1
    fields.heatmaps = heatmaps * float('nan')
    assert changed_by_a_step() == set() and hook.skipped == 1
    fields.heatmaps = heatmaps
    assert changed_by_a_step() == {'backbone', 'head'} and hook.skipped == 1
