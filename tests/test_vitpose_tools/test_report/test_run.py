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
    with pytest.raises(RunError, match='no checkpoint'):
        run.checkpoint
    (tmp_path / 'epoch_3.pth').touch()
    (tmp_path / 'last_checkpoint').write_text(str(tmp_path / 'epoch_3.pth'))
    assert run.checkpoint.name == 'epoch_3.pth'
    for seconds, name in enumerate(('best_b.pth', 'best_a.pth')):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (seconds, seconds))
    assert run.checkpoint.name == 'best_a.pth'


def test_a_folder_without_training_is_named(tmp_path):
    with pytest.raises(RunError, match=f'{tmp_path} holds no training'):
        Run(tmp_path)
