# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from pathlib import Path

import pytest
from mmengine.config import Config
from safetensors.torch import save

from vitpose_mm.checkpoints import CheckpointError
from vitpose_tools.models import (fetch_checkpoint, resolve_checkpoint,
                                  resolve_model)

AP10K = 'vitpose-plus-base/ap10k'


def test_files_and_addresses_stay(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path('w.pth').touch()
    Path('vitpose-base').mkdir()
    # What is on disk goes before a name.
    for text in ('w.pth', 'vitpose-base', 'hf://a/b', 'https://a/b.pth#c'):
        assert resolve_checkpoint(text) == text


def test_a_name_is_an_address(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert resolve_checkpoint('vitpose-base') == \
        'hf://usyd-community/vitpose-base'
    assert resolve_checkpoint(AP10K).endswith('ap10k/vitpose-b-ap10k.pth')


@pytest.mark.parametrize('text, message', [
    ('none.pth', 'none.pth was not loaded: there is no such file, and no mod'),
    ('usyd-community/vitpose-base', 'is written hf://usyd-community/vitpose'),
    ('vitpose-plus-base/ap10', 'close to it: vitpose-plus-base/ap10k'),
    ('vitpose-plus-huge', 'close to it: vitpose-plus-huge/coco, ')])
def test_what_is_neither_is_refused(text, message):
    with pytest.raises(CheckpointError, match=message):
        resolve_checkpoint(text)


def test_a_name_gives_config_weights_and_dataset():
    config, checkpoint, dataset = resolve_model(AP10K)

    assert (checkpoint, dataset) == (resolve_checkpoint(AP10K), 'ap10k')
    assert Config.fromfile(config).dataset_type == 'AP10KDataset'
    assert resolve_model('vitpose-plus-base', 'ap10k')[0] == config
    assert resolve_model('vitpose-plus-base', 'wholebody').dataset == \
        'coco_wholebody'


@pytest.mark.parametrize('name, dataset, message', [
    ('mae-base', None, '--size base --init mae-base'),
    ('vitpose-base', 'ap10k', 'finds the keypoints of coco, not of ap10k'),
    (AP10K, 'aic', 'not of aic; close to it: vitpose-plus-base/coco'),
    ('vitpose-plus-base', None, 'close to it: vitpose-plus-base/coco'),
    ('vitpose-plus-base', 'hand', 'no model is called vitpose-plus-base/han')])
def test_what_finds_no_such_keypoints_is_refused(name, dataset, message):
    with pytest.raises(CheckpointError, match=message):
        resolve_model(name, dataset)


def test_weights_are_brought_with_their_dataset(hub, tmp_path):
    hub.push('usyd-community/vitpose-plus-base', {
        'model.safetensors': save({})})
    path, dataset = fetch_checkpoint('vitpose-plus-base/coco')

    assert path.read_bytes() == save({}) and dataset == 'coco'
    assert fetch_checkpoint(str(path)) == (path, None)
