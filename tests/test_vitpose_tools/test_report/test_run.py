# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import json
import os

import pytest

from vitpose_tools.report import Run, RunError


def write_scalars(work_dir, stamp, *entries, tail=''):
    folder = work_dir / stamp / 'vis_data'
    folder.mkdir(parents=True)
    (folder / 'scalars.json').write_text(
        ''.join(json.dumps(entry) + '\n' for entry in entries) + tail)


def test_a_resumed_training_is_one_curve(tmp_path):
    write_scalars(
        tmp_path,
        '20260101_000000',
        dict(loss=3., epoch=1, step=10),
        {'coco/AP': 0.1, 'step': 1},
        dict(loss=2., epoch=2, step=20),
        tail='{"loss": 1.9, "epo')
    write_scalars(tmp_path, '20260102_000000', dict(loss=1., epoch=2, step=20),
                  {'coco/AP': 0.3, 'step': 2})
    train, val = Run(tmp_path).scalars()
    assert [(e['step'], e['loss']) for e in train] == [(10, 3.), (20, 1.)]
    assert [e['coco/AP'] for e in val] == [0.1, 0.3]


def test_metrics_are_those_of_the_latest_test(tmp_path):
    write_scalars(tmp_path, '20260101_000000', {'coco/AP': 0.1, 'step': 1})
    assert Run(tmp_path).test_metrics() == {'coco/AP': 0.1}
    for stamp, ap in (('20260102_000000', 0.4), ('20260103_000000', 0.6)):
        (tmp_path / stamp).mkdir()
        (tmp_path / stamp / f'{stamp}.json').write_text(
            json.dumps({'coco/AP': ap, 'time': 1.}))
    assert Run(tmp_path).test_metrics() == {'coco/AP': 0.6}


def test_the_newest_best_checkpoint_is_taken_before_the_last(tmp_path):
    write_scalars(tmp_path, '20260101_000000', dict(loss=1., step=1))
    run = Run(tmp_path)
    assert run.checkpoint is None
    (tmp_path / 'epoch_3.pth').touch()
    (tmp_path / 'last_checkpoint').write_text(str(tmp_path / 'epoch_3.pth'))
    assert run.checkpoint.name == 'epoch_3.pth'
    for seconds, name in enumerate(('best_b.pth', 'best_a.pth')):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (seconds, seconds))
    assert run.checkpoint.name == 'best_a.pth'


def write_config(work_dir, stamp, **checkpoint):
    (work_dir / stamp / 'vis_data' / 'config.py').write_text(
        f'default_hooks = dict(checkpoint=dict(**{checkpoint}))')


@pytest.mark.parametrize('checkpoint, best', [
    (dict(save_best='ap10k/AP', rule='greater'), 2),
    (dict(save_best=['ap10k/AP', 'EPE'], rule=['greater', 'less']), 2),
    (dict(save_best='hand/EPE', rule='less'), 3),
    # MMEngine knows no rule for it; without a config's word less is better.
    (dict(save_best='hand/EPE'), 3),
    (dict(save_best='hand/AUC'), 2),
    (dict(save_best='ap10k/AP', rule='less'), 1),
    # Not among what was measured, or nothing said: the first of all.
    (dict(save_best='coco/AP', rule='greater'), 2),
    (dict(interval=1), 2),
])
def test_the_best_validation_is_that_of_save_best(tmp_path, checkpoint, best):
    entries = [
        {'ap10k/AP': .40, 'hand/EPE': 9., 'hand/AUC': .1, 'step': 1},
        {'ap10k/AP': .95, 'hand/EPE': 8., 'hand/AUC': .9, 'step': 2},
        {'ap10k/AP': .80, 'hand/EPE': 2., 'hand/AUC': .5, 'step': 3},
        {'ap10k/AP': float('nan'), 'hand/EPE': float('nan'), 'step': 4}]
    write_scalars(tmp_path, '20260101_000000', *entries)
    write_config(tmp_path, '20260101_000000', **checkpoint)
    found = Run(tmp_path).test_metrics()
    assert found['ap10k/AP'] == entries[best - 1]['ap10k/AP']


def test_of_two_best_checkpoints_that_of_the_first_metric_is_taken(tmp_path):
    write_scalars(tmp_path, '20260101_000000', dict(loss=1., step=1))
    write_config(tmp_path, '20260101_000000',
                 save_best=['coco/AP', 'coco/AR'])
    for seconds, name in enumerate(('AP_epoch_2', 'AR_epoch_9')):
        path = tmp_path / f'best_coco_{name}.pth'
        path.touch()
        os.utime(path, (seconds, seconds))
    assert Run(tmp_path).checkpoint.name == 'best_coco_AP_epoch_2.pth'


def test_a_folder_without_training_is_named(tmp_path):
    with pytest.raises(RunError, match=f'{tmp_path} holds no training'):
        Run(tmp_path)


@pytest.mark.parametrize('metric', [
    'interhand2d/MRRPE', 'MPJPE_all', 'NME', 'pixel_error', 'RMSE'])
def test_errors_are_best_where_they_are_least(tmp_path, metric):
    write_scalars(tmp_path, '20260101_000000', {metric: 9., 'step': 1},
                  {metric: 4., 'step': 2}, {metric: 6., 'step': 3})
    for options in dict(save_best=metric), {}:
        write_config(tmp_path, '20260101_000000', **options)
        assert Run(tmp_path).test_metrics() == {metric: 4.}


def test_metrics_need_no_prefix(tmp_path):
    """MMPose's EPE and PCKAccuracy have none."""
    write_scalars(
        tmp_path, '20260101_000000',
        dict(EPE=9., PCK=.5, data_time=.1, time=.1, step=1),
        dict(EPE=4., PCK=.4, data_time=.1, time=.1, step=2))
    write_config(tmp_path, '20260101_000000', save_best='EPE', rule='less')
    run = Run(tmp_path)
    assert run.metric(run.scalars()[1]) == ('EPE', True)
    assert run.test_metrics() == dict(EPE=4., PCK=.4)
