# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from urllib.error import URLError

import pytest
import torch
from mmengine.runner import CheckpointLoader
from mmpose.registry import MODELS

from vitpose_mm.checkpoints import CheckpointError


def test_missing_weights_of_init_cfg_are_named():
    vit = MODELS.build(
        dict(
            type='ViT',
            arch=dict(embed_dim=8, depth=1, num_heads=1),
            init_cfg=dict(type='Pretrained', checkpoint='absent.pth')))
    with pytest.raises(CheckpointError, match='absent.pth .* no such file'):
        vit.init_weights()


def test_a_download_is_kept_and_loaded_like_a_file(tmp_path, monkeypatch):
    calls = []

    def download(url, dst, progress):
        calls.append(url)
        torch.save(dict(state_dict=dict(weight=torch.ones(2))), dst)

    monkeypatch.setattr(torch.hub, 'get_dir', lambda: str(tmp_path))
    monkeypatch.setattr(torch.hub, 'download_url_to_file', download)
    url = 'https://example.org/models/vit.pth'
    for _ in range(2):
        loaded = CheckpointLoader.load_checkpoint(url, 'cpu')
        assert loaded['state_dict']['weight'].tolist() == [1., 1.]
    assert calls == [url]


def test_a_failed_download_says_what_to_do(tmp_path, monkeypatch):

    def download(url, dst, progress):
        raise URLError('no route')

    monkeypatch.setattr(torch.hub, 'get_dir', lambda: str(tmp_path))
    monkeypatch.setattr(torch.hub, 'download_url_to_file', download)
    with pytest.raises(CheckpointError, match='no route.*save it as .*a.pth'):
        CheckpointLoader.load_checkpoint('https://example.org/a.pth')
