# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Runs of the stock runner stop before their first batch."""
import json
import math
import multiprocessing
from pathlib import Path
from types import SimpleNamespace

import pytest
from mmengine.config import Config
from mmengine.hooks import CheckpointHook
from mmengine.runner import Runner
from mmpose.registry import DATASETS, HOOKS
from torch import distributed

from vitpose_mm.datasets.checks import DataError

CONFIG = 'configs/quickstart/' \
    'td-hm_ViTPose-tiny_1xb12-150e_coco-overfit-128x96.py'


@pytest.fixture
def people(real_data) -> dict:
    return json.loads((real_data / 'coco/test_coco.json').read_text())


@pytest.fixture
def start(repo, real_data, tmp_path, monkeypatch):
    """Builds a runner of the config, with some files exchanged."""
    monkeypatch.setenv('VITPOSE_DATA', str(real_data))

    def build(val=None, train=None, **options) -> Runner:
        config = Config.fromfile(repo / CONFIG)
        config.work_dir = str(tmp_path)
        config.experiment_name = tmp_path.name
        config.train_cfg.max_epochs = 1
        config.train_cfg.val_interval = 1
        for name, content in dict(train=train, val=val).items():
            if content is None:
                continue
            (tmp_path / f'{name}.json').write_text(json.dumps(content))
            file = str(tmp_path / f'{name}.json')
            options[f'{name}_dataloader.dataset.ann_file'] = file
            if name == 'val':
                options['test_dataloader.dataset.ann_file'] = file
                options['val_evaluator.ann_file'] = file
                options['test_evaluator.ann_file'] = file
        config.merge_from_dict(options)
        return Runner.from_cfg(config)

    return build


def with_nan(people: dict) -> dict:
    people['annotations'][0]['keypoints'][:3] = [math.nan, 5, 2]
    return people


def with_text_ids(people: dict) -> dict:
    for image in people['images']:
        image['id'] = str(image['id'])
    return people


@pytest.mark.parametrize('verb', ('train', 'val', 'test'))
def test_runs_stop_before_the_first_batch(start, people, verb):
    runner = start(val=with_nan(people))
    with pytest.raises(DataError, match=r'val.json: 1 of 14 people have a '
                       r'labelled keypoint'):
        getattr(runner, verb)()
    assert runner.iter == 0


@pytest.mark.parametrize('verb', ('train', 'test'))
def test_what_no_dataset_can_read_is_explained(start, people, verb):
    runner = start(val=with_text_ids(people))
    with pytest.raises(DataError, match="val.json: 4 of 4 images have a 'id' "
                       'that is no whole number'):
        getattr(runner, verb)()


def test_training_on_nobody_says_why(start, people):
    for ann in people['annotations']:
        ann['iscrowd'] = '0'
    with pytest.raises(DataError, match="train.json: 14 of 14 people have an "
                       "'iscrowd'"):
        start(train=people).train()


def test_detections_of_coco_on_own_images(start, people, real_data):
    """Own annotations while bbox_file stays COCO's."""
    for record in people['images']:
        record['id'] += 1
    for record in people['annotations']:
        record['image_id'] += 1
    boxes = str(real_data / 'coco/test_coco_det_AP_H_56.json')
    with pytest.raises(DataError, match='118 of 118 detections are of an '
                       'image that .*val.json lacks.*bbox_file=None'):
        start(val=people, **{'val_dataloader.dataset.bbox_file':
                             boxes}).train()


def test_no_workers_need_no_other_key(start):
    runner = start(**{
        f'{name}_dataloader.persistent_workers': True
        for name in ('train', 'val', 'test')
    })
    assert runner.train_loop.dataloader.num_workers == 0
    assert runner.val_loop.dataloader.num_workers == 0
    assert runner.test_loop.dataloader.num_workers == 0


def test_validation_alone_gives_its_metrics(start):
    """Without a training before it, whatever save_best says."""
    runner = start()
    assert 'coco/AP' in runner.val()
    hook, = [hook for hook in runner.hooks
             if isinstance(hook, CheckpointHook)]
    assert hook.save_best == ['coco/AP']


def check_as(rank: int, folder: Path, answers) -> None:
    """One of two processes whose first one finds a fault."""
    distributed.init_process_group(
        'gloo', init_method=f'file://{folder}/init', rank=rank, world_size=2)
    dataset = DATASETS.build(
        dict(
            type='CocoDataset',
            # Only the first process has the file.
            ann_file=str(folder / f'val{rank}.json'),
            lazy_init=True))
    loop = SimpleNamespace(dataloader=SimpleNamespace(dataset=dataset))
    try:
        HOOKS.build(dict(type='DataCheckHook')).check(None, [loop])
    except DataError as error:
        answers.put((rank, str(error)))


def test_all_processes_stop(people, tmp_path):
    """Only the first looks; the second must not wait for ever."""
    (tmp_path / 'val0.json').write_text(json.dumps(with_nan(people)))
    context = multiprocessing.get_context('fork')
    answers = context.Queue()
    runs = [context.Process(target=check_as, args=(rank, tmp_path, answers))
            for rank in range(2)]
    for run in runs:
        run.start()
    try:
        messages = dict(answers.get(timeout=120) for _ in runs)
    finally:
        for run in runs:
            run.join(5)
            run.kill()
    assert set(messages) == {0, 1} and messages[0] == messages[1]
    assert 'val0.json: 1 of 14 people' in messages[0]


LFS = 'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 9\n'


@pytest.mark.parametrize('content, reason', [
    ('', 'it is empty'), (LFS, 'it is a Git LFS pointer')])
@pytest.mark.parametrize('keys', [
    ['train_dataloader.dataset.ann_file'],
    ['val_dataloader.dataset.bbox_file', 'test_dataloader.dataset.bbox_file'],
    ['val_evaluator.ann_file', 'test_evaluator.ann_file']])
def test_a_file_that_stands_in_for_another_is_named(start, tmp_path, keys,
                                                    content, reason):
    file = tmp_path / 'stand-in.json'
    file.write_text(content)
    runner = start(**{key: str(file) for key in keys})
    with pytest.raises(ValueError, match=f'{file} was not read: {reason}'):
        runner.train()
    if 'train' not in keys[0]:
        with pytest.raises(ValueError, match=f'{file} was not read'):
            start(**{key: str(file) for key in keys}).test()
