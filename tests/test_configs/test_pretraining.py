# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""The configs of configs/mae agree with themselves and with MAE's recipe."""
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DATASETS, MODELS, TRANSFORMS

LEAVES = sorted((Path(__file__).resolve().parents[2] / 'configs' /
                 'mae').glob('*.py'))
BIG = [path for path in LEAVES if 'tiny' not in path.stem]


def build(config: Config):
    with torch.device('meta'):
        return MODELS.build(config.model)


@pytest.mark.parametrize('path', LEAVES, ids=lambda path: path.stem)
def test_name_states_epochs_batch_and_crop(pretraining, path):
    config = Config.fromfile(path)
    h, w = config.model.backbone.img_size
    batch = config.train_dataloader.batch_size
    assert path.stem.endswith(f'{h}x{w}')
    assert f'xb{batch}-{config.train_cfg.max_epochs}e_' in path.stem
    assert config.param_scheduler[-1].end == config.train_cfg.max_epochs


@pytest.mark.parametrize('path', LEAVES, ids=lambda path: path.stem)
def test_model_takes_what_the_pipelines_give(pretraining, path):
    config = Config.fromfile(path)
    dataset = config.train_dataloader.dataset
    for part in dataset.get('datasets', [dataset]):
        size, = (step.scale for step in part.pipeline
                 if step.type == 'RandomResizedCrop')
        for step in part.pipeline:
            TRANSFORMS.build(step)
        model = build(config)
        assert model.head.img_size == tuple(size)
        assert model.head.grid == model.neck.grid
        assert model.neck.grid == tuple(model.backbone.patch_resolution)
    assert model.neck.decoder_embed.in_features == model.backbone.embed_dims
    assert model.neck.decoder_pred.out_features == (
        3 * model.head.patch_size**2)


@pytest.mark.parametrize('path', BIG, ids=lambda path: path.stem)
def test_recipe_is_that_of_mae(pretraining, path):
    config = Config.fromfile(path)
    wrapper = build_optim_wrapper(build(config), config.optim_wrapper)
    devices = int(path.stem.split('_')[2].split('xb')[0])
    batch = devices * config.train_dataloader.batch_size
    assert config.auto_scale_lr.base_batch_size == batch == 4096
    for group in wrapper.optimizer.param_groups:
        assert group['lr'] == pytest.approx(1.5e-4 * batch / 256)
        assert tuple(group['betas']) == (0.9, 0.95)
        for param in group['params']:
            # Tokens have three axes, norms and biases one.
            decays = param.ndim in (2, 4) or not param.requires_grad
            assert group['weight_decay'] == (0.05 if decays else 0)
    assert config.model.backbone.mask_ratio == 0.75
    assert config.model.head.norm_pix
    assert config.param_scheduler[0].end == 40


def test_crops_or_whole_images_of_coco_and_aic(pretraining, monkeypatch):
    monkeypatch.setenv('VITPOSE_DATA', '/sets')
    found = {}
    for path in LEAVES:
        dataset = Config.fromfile(path).train_dataloader.dataset
        parts = dataset.get('datasets', [dataset])
        found[path.stem.split('_')[3]] = [
            (part.type, part.data_root.split('/')[2]) for part in parts]
        assert all(part.data_root.startswith('/sets/') for part in parts)
    crops, images = 'PersonCropDataset', 'CustomDataset'
    assert found == {
        'coco-crops-256x192': [(crops, 'coco')],
        'coco-aic-crops-256x192': [(crops, 'coco'), (crops, 'aic')],
        'coco-aic-images-224x224': [(images, 'coco'), (images, 'aic')],
        'synth-crops-128x96': [(crops, 'synth')],
    }


@pytest.fixture
def data_folder(real_data, tmp_path, monkeypatch):
    """The real images under the names that COCO and AIC have on disk."""
    aic = 'aic/ai_challenger_keypoint_train_20170902'
    for name, target in {
            'coco/annotations/person_keypoints_train2017.json':
            'coco/test_coco.json',
            'coco/train2017': 'coco',
            'aic/annotations/aic_train.json': 'aic/test_aic.json',
            f'{aic}/keypoint_train_images_20170902': 'aic'
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).symlink_to(real_data / target)
    monkeypatch.setenv('VITPOSE_DATA', str(tmp_path))


@pytest.mark.parametrize('data, samples', [
    ('coco-crops-256x192', 12), ('coco-aic-crops-256x192', 21),
    ('coco-aic-images-224x224', 7)])
def test_real_images_reach_the_model(pretraining, data_folder, data, samples):
    path, *_ = (path for path in BIG if path.stem.endswith(f'e_{data}'))
    config = Config.fromfile(path)
    dataset = DATASETS.build(config.train_dataloader.dataset)
    assert len(dataset) == samples
    h, w = config.model.backbone.img_size
    for index in (0, samples - 1):
        assert dataset[index]['inputs'].shape == (3, h, w)
