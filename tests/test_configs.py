# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Every config builds, agrees with itself and has the published sizes."""
from pathlib import Path

import mmengine.fileio
import pytest
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmpose.registry import MODELS, TRANSFORMS
from torch.utils.flop_counter import FlopCounterMode

CONFIGS = Path(__file__).resolve().parents[1] / 'configs'
LEAVES = sorted(
    path for path in CONFIGS.rglob('*.py')
    if '_base_' not in path.parts)
COCO = 'body_2d_keypoint/topdown_heatmap/coco'

# size, decoder: parameters in M, multiply-adds in G at 256x192, drop path,
# learning-rate scale of the embeddings. The papers' models as recounted from
# the official code's shapes.
GOLDEN = {
    ('small', ''): (24.29, 5.59, 0.1, 0.8**13),
    ('small', '-simple'): (21.72, 4.65, 0.1, 0.8**13),
    ('base', ''): (90.00, 18.52, 0.3, 0.75**13),
    ('base', '-simple'): (85.91, 17.46, 0.3, 0.75**13),
    ('large', ''): (308.55, 61.57, 0.5, 0.8**25),
    ('large', '-simple'): (303.45, 60.43, 0.5, 0.8**25),
    ('huge', ''): (637.21, 125.83, 0.55, 0.85**33),
    ('huge', '-simple'): (631.11, 124.61, 0.55, 0.85**33),
}


def load(path: Path) -> Config:
    return Config.fromfile(path)


def build_on_meta(config: Config) -> torch.nn.Module:
    with torch.device('meta'):
        return MODELS.build(config.model)


def golden_path(size: str, decoder: str) -> Path:
    return CONFIGS / COCO / (
        f'td-hm_ViTPose-{size}{decoder}_8xb64-210e_coco-256x192.py')


@pytest.mark.parametrize('path', LEAVES, ids=lambda path: path.stem)
def test_config_builds_and_agrees_with_itself(path):
    config = load(path)
    model = build_on_meta(config)
    assert config.model.head.decoder == config.codec
    assert tuple(config.model.backbone.img_size) == tuple(
        config.codec.input_size[::-1])
    for name in ('train', 'val', 'test'):
        dataset = config[f'{name}_dataloader'].dataset
        sizes = [
            TRANSFORMS.build(step).input_size for step in dataset.pipeline
            if step.type == 'TopdownAffine'
        ]
        encoders = [
            step.encoder for step in dataset.pipeline
            if step.type == 'GenerateTarget'
        ]
        assert sizes == [tuple(config.codec.input_size)]
        assert encoders == ([config.codec] if name == 'train' else [])
    w, h = config.codec.input_size
    heatmaps = model(
        torch.empty(1, 3, h, w, device='meta'), None, mode='tensor')
    assert heatmaps.shape == (1, config.model.head.out_channels,
                              *config.codec.heatmap_size[::-1])
    build_optim_wrapper(model, config.optim_wrapper)


@pytest.mark.parametrize('path', LEAVES, ids=lambda path: path.stem)
def test_name_states_the_epochs_batch_and_crop(path):
    config = load(path)
    w, h = config.codec.input_size
    batch = config.train_dataloader.batch_size
    assert path.stem.endswith(f'{h}x{w}')
    assert f'xb{batch}-{config.train_cfg.max_epochs}e_' in path.stem


@pytest.mark.parametrize('size, decoder', GOLDEN)
def test_size_is_the_published_one(size, decoder):
    params, gmacs, drop_path, _ = GOLDEN[size, decoder]
    config = load(golden_path(size, decoder))
    model = build_on_meta(config).eval()
    # The table adds rounded parts, so its last digit is uncertain.
    assert sum(p.numel() for p in model.parameters()) / 1e6 == pytest.approx(
        params, abs=0.01)
    with FlopCounterMode(display=False) as counter:
        model(torch.empty(1, 3, 256, 192, device='meta'), None, mode='tensor')
    assert counter.get_total_flops() / 2e9 == pytest.approx(gmacs, abs=0.01)
    assert model.backbone.blocks[-1].drop_path.drop_prob == pytest.approx(
        drop_path)


@pytest.mark.parametrize('size, decoder', GOLDEN)
def test_recipe_is_the_official_one(size, decoder):
    config = load(golden_path(size, decoder))
    wrapper = build_optim_wrapper(build_on_meta(config), config.optim_wrapper)
    rates = [group['lr'] for group in wrapper.optimizer.param_groups]
    assert max(rates) == rates[-1] == 5e-4
    assert min(rates) == pytest.approx(5e-4 * GOLDEN[size, decoder][3])
    assert {group['weight_decay']
            for group in wrapper.optimizer.param_groups} == {0., 0.1}
    assert wrapper.clip_grad_kwargs == dict(max_norm=1., norm_type=2)
    assert config.auto_scale_lr.base_batch_size == 512
    assert config.param_scheduler[1].milestones == [170, 200]
    assert config.codec.heatmap_size == (48, 64)
    assert f'mae_pretrain_vit_{size}_' in \
        config.model.backbone.init_cfg.checkpoint


def test_data_folder_follows_the_environment(monkeypatch):
    monkeypatch.setenv('VITPOSE_DATA', '/mnt/sets')
    for path in LEAVES:
        assert load(path).data_root.startswith('/mnt/sets/')
    monkeypatch.delenv('VITPOSE_DATA')
    for path in LEAVES:
        assert load(path).data_root.startswith('data/')


def test_every_published_model_is_in_the_index():
    root = CONFIGS.parent
    index = mmengine.fileio.load(root / 'model-index.yml')
    named = {
        root / model['Config']
        for metafile in index['Import']
        for model in mmengine.fileio.load(root / metafile)['Models']
    }
    assert named == {path for path in LEAVES if 'quickstart' not in path.parts}
