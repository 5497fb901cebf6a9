# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""The tables of docs/ablations.md say what the configs do."""
import re

import pytest
import torch
from mmengine.config import Config
from mmpose.registry import MODELS
from torch.utils.flop_counter import FlopCounterMode

COCO = 'configs/body_2d_keypoint/topdown_heatmap/coco'
PAGE = 'docs/ablations.md'
RECIPE = '_8xb64-210e_coco-'


def rows(repo, start: str) -> list:
    """Cells of the table rows whose first cell starts so."""
    lines = (repo / PAGE).read_text().splitlines()
    cells = [[cell.strip(' `') for cell in line.strip('|').split('|')]
             for line in lines if line.startswith('|')]
    return [row for row in cells if row[0].startswith(start)]


def load(repo, name: str) -> Config:
    return Config.fromfile(repo / COCO / f'td-hm_ViTPose-base{name}.py')


def gmacs(model: dict, size, *args) -> float:
    with torch.device('meta'):
        module = MODELS.build(model).eval()
        with FlopCounterMode(display=False) as counter:
            module(torch.empty(1, 3, *size), *args)
    return counter.get_total_flops() / 2e9


def test_attention_rows_are_the_configs(repo):
    names = []
    for name, plain, configured, *_ in rows(repo, 'stride8'):
        backbone = load(repo, f'-{name}{RECIPE}256x192').model.backbone
        assert gmacs(backbone, (256, 192)) == pytest.approx(
            float(configured), abs=0.005)
        attention = backbone.get('attention', {})
        attention.pop('rel_pos', None)
        assert gmacs(backbone, (256, 192)) == pytest.approx(
            float(plain), abs=0.005)
        window = re.search(r'window(\d+)x(\d+)', name)
        assert attention.get('window_size') == (
            window and tuple(map(int, window.groups())))
        assert attention.get('shift', False) == ('shift' in name)
        assert attention.get('pooling', False) == ('pool' in name)
        assert bool(attention.get('full_attention_blocks')) == (
            'mixed' in name)
        assert backbone.patch_stride == 8
        names.append(name)
    assert len(names) == len(list((repo / COCO).glob('*-stride8*'))) == 7


@pytest.mark.parametrize('name', ['224x224', '256x192', '256x256', '384x288',
                                  '384x384', '576x432'])
def test_resolution_row_is_the_config(repo, name):
    (_, patches, heatmap, sigma, count, *_), = rows(repo, name)
    config = load(repo, f'{RECIPE}{name}')
    size = tuple(map(int, name.split('x')))
    rows_cols = tuple(side // 16 for side in size)
    assert patches == 'x'.join(map(str, rows_cols))
    w, h = map(int, heatmap.split('x'))
    assert (h * 4, w * 4) == size == config.codec.input_size[::-1]
    assert config.codec.heatmap_size == (w, h)
    assert config.codec.sigma == float(sigma)
    assert gmacs(config.model, size, None, 'tensor') == pytest.approx(
        float(count), abs=0.005)


@pytest.mark.parametrize('part', ['attn', 'ffn'])
def test_partial_fine_tuning_row_is_the_config(repo, part):
    (name, frozen, *_), = rows(repo, f'-frozen-{part}')
    assert frozen == f"freeze=('{part}', )"
    assert load(repo, name).model.backbone['freeze'] == (part, )
