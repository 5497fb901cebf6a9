# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import json

import click
import pytest
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpose.registry import DATASETS


def test_without_the_data_it_says_what_is_needed(load, tmp_path):
    mouse = load('mouse')
    with pytest.raises(click.ClickException, match='needs --mirror-mouse'):
        mouse.prepare(None, tmp_path)
    with pytest.raises(click.ClickException, match='CollectedData.csv'):
        mouse.prepare(tmp_path, tmp_path / 'data')
    assert not mouse.is_there(tmp_path / 'data')


def test_frames_are_split_and_whole_frames_are_the_crops(
        load, real_data, repo, tmp_path, monkeypatch):
    source = real_data / 'mirror-mouse'
    if not source.exists():
        pytest.skip('no mirror-mouse')
    mouse = load('mouse')
    monkeypatch.setattr(mouse, 'extract_frames', lambda *_: 0)
    mouse.prepare(source, tmp_path)
    mouse.prepare(None, tmp_path)  # done once
    folder = tmp_path / 'mini_paper' / 'mouse'
    names = [{image['file_name'] for image in
              json.loads((folder / f'{part}.json').read_text())['images']}
             for part in ('train', 'val')]
    assert [len(each) for each in names] == [72, 18]
    assert not set.intersection(*names)

    monkeypatch.setenv('VITPOSE_DATA', str(tmp_path))
    init_default_scope('mmpose')
    config = Config.fromfile(repo / 'projects/mini_paper/configs/mouse.py')
    dataset = DATASETS.build(config.val_dataloader.dataset)
    assert len(dataset) == 18
    sample = dataset[0]
    assert tuple(sample['inputs'].shape) == (3, 80, 80)
    meta = sample['data_samples'].metainfo
    # Boxes of MMPose end at the last pixel.
    assert meta['ori_shape'] == (406, 396)
    assert tuple(meta['input_scale']) == pytest.approx((406, 406), abs=1)
