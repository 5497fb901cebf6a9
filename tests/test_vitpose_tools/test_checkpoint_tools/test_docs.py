# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import re
import shlex
from pathlib import Path

import torch
from click.testing import CliRunner
from mmpose.apis import init_model
from safetensors.torch import save

from vitpose_tools.cli import main

COCO = 'configs/body_2d_keypoint/topdown_heatmap/coco/'


def test_every_command_of_the_page_runs(repo, tmp_path, monkeypatch,
                                        official_weights, hub):
    monkeypatch.chdir(tmp_path)
    torch.save(official_weights(384, 1), 'vitpose.pth')
    torch.save(official_weights(384, 1, part_features=96), 'plus.pth')
    hub.push('JunkyByte/easy_ViTPose', {
        'torch/ap10k/vitpose-b-ap10k.pth': Path('vitpose.pth').read_bytes()})
    hub.push('usyd-community/vitpose-plus-base', {
        'model.safetensors': save(torch.load('plus.pth'))})
    text = (repo / 'docs' / 'checkpoints.md').read_text()
    lines = re.findall('^vitpose-mm ((?:checkpoint|models).*)$', text,
                       re.MULTILINE)

    for line in lines:
        result = CliRunner().invoke(main, shlex.split(line))
        assert result.exit_code == 0, (line, result.output)

    assert len(lines) > 13


def test_inferencers_take_a_foreign_file(repo, tmp_path, official_weights,
                                         official_heatmaps, heatmaps):
    weights = official_weights(384, 2)
    torch.save(weights, tmp_path / 'vitpose.pth')
    x = torch.randn(1, 3, 256, 192)

    model = init_model(
        str(repo / COCO / 'td-hm_ViTPose-small_8xb64-210e_coco-256x192.py'),
        str(tmp_path / 'vitpose.pth'), device='cpu', cfg_options={
            'model.backbone.arch': dict(
                _delete_=True, embed_dim=384, depth=2, num_heads=12)})

    torch.testing.assert_close(heatmaps(model, x),
                               official_heatmaps(weights, x), atol=1e-4,
                               rtol=0)
    assert model.dataset_meta['dataset_name'] == 'coco'
