# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Every config builds, agrees with itself and has the published sizes."""
from functools import lru_cache
from pathlib import Path

import mmengine.fileio
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.registry import DATASETS, KEYPOINT_CODECS, MODELS
from torch.utils.flop_counter import FlopCounterMode

from vitpose_mm.models import MultiDatasetTopdownPoseEstimator, QueryPoseHead

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'
# Pre-training is MMPretrain's; test_pretraining.py looks at its configs.
LEAVES = sorted(
    path for path in CONFIGS.rglob('*.py')
    if not {'_base_', 'mae'} & set(path.relative_to(CONFIGS).parts))
STAGES = ('train', 'val', 'test')
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


@lru_cache(maxsize=None)
def load(path: Path) -> Config:
    return Config.fromfile(path)


def build_on_meta(config: Config) -> torch.nn.Module:
    with torch.device('meta'):
        return MODELS.build(config.model)


def parts(config: Config, stage: str) -> list:
    """Configs of the datasets of a stage, joined or alone."""
    dataset = config[f'{stage}_dataloader'].dataset
    return dataset.datasets if dataset.type == 'JointDataset' else [dataset]


def head_of(model, dataset: dict, stage: str):
    """The head that serves a dataset, and the dataset's metainfo."""
    metainfo = parse_pose_metainfo(
        dataset.get('metainfo') or DATASETS.get(dataset.type).METAINFO)
    if not isinstance(model, MultiDatasetTopdownPoseEstimator):
        return model.head, metainfo
    routes = model.routes
    name = metainfo['dataset_name']
    index = routes.index(name if stage == 'train' else routes.chosen or name)
    return model.heads[routes.names[index]], metainfo


def keypoints_of(head) -> int:
    """Kinds of keypoints that a head finds."""
    if hasattr(head, 'num_keypoints'):
        return head.num_keypoints
    return head.out_channels


def heatmaps(model, images: torch.Tensor):
    """Yield each head and what it makes of images."""
    if not isinstance(model, MultiDatasetTopdownPoseEstimator):
        with torch.no_grad():  # torch 2.1 recomputes nothing on 'meta'
            maps = model(images, None, mode='tensor')
        yield model.head, maps
        return
    feats = model.extract_feat(images, [0] * len(images))
    for head in model.heads.values():
        yield head, head(feats)


def golden_path(size: str, decoder: str) -> Path:
    return CONFIGS / COCO / (
        f'td-hm_ViTPose-{size}{decoder}_8xb64-210e_coco-256x192.py')


@pytest.mark.filterwarnings('ignore:The metainfo config file')
@pytest.mark.parametrize('path', LEAVES, ids=lambda path: path.stem)
def test_config_builds_and_agrees_with_itself(path):
    config = load(path)
    model = build_on_meta(config)
    for stage in STAGES:
        for dataset in parts(config, stage):
            head, metainfo = head_of(model, dataset, stage)
            assert keypoints_of(head) == metainfo['num_keypoints']
            steps = {step.type: step for step in dataset.pipeline}
            if 'TopdownAffine' in steps:
                assert tuple(steps['TopdownAffine'].input_size) == tuple(
                    head.decoder.input_size)
            assert ('GenerateTarget' in steps) == (stage == 'train')
            if stage == 'train':
                encoder = KEYPOINT_CODECS.build(
                    steps['GenerateTarget'].encoder)
                assert type(encoder) is type(head.decoder)
                assert all(
                    np.array_equal(
                        getattr(encoder, key), getattr(head.decoder, key))
                    for key in ('input_size', 'heatmap_size', 'sigma')
                    if hasattr(head.decoder, key))
    w, h = head.decoder.input_size
    assert getattr(model.backbone, 'img_size', (h, w)) == (h, w)
    for head, maps in heatmaps(model, torch.empty(1, 3, h, w, device='meta')):
        maps = maps[0] if isinstance(maps, tuple) else maps
        if isinstance(head, QueryPoseHead):
            assert maps.shape == (1, head.num_queries, head.num_keypoints, 2)
            continue
        assert maps.shape[2:] == tuple(head.decoder.heatmap_size[::-1])
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
    bases = sorted(CONFIGS.glob('_base_/datasets/*_*.py'))
    for folder in ('/mnt/sets', '''/it's "here" of all''', None):
        if folder:
            monkeypatch.setenv('VITPOSE_DATA', folder)
        else:
            monkeypatch.delenv('VITPOSE_DATA')
        for path in bases:
            config = Config.fromfile(path)
            if 'data_root' in config:
                assert Path(config.data_root).is_relative_to(folder or 'data')


def test_the_index_lists_what_has_a_number_or_weights():
    root = CONFIGS.parent
    files = mmengine.fileio.load(root / 'model-index.yml')['Import']
    assert sorted(files) == sorted(
        str(path.relative_to(root)) for path in CONFIGS.rglob('*.yml'))
    named = []
    for file in files:
        found = mmengine.fileio.load(root / file)
        collections = {part['Name'] for part in found.get('Collections', ())}
        models = found['Models']
        assert models and collections <= {m['In Collection'] for m in models}
        for model in models:
            named.append(root / model['Config'])
            assert model['Name'] == named[-1].stem
            metrics = [each['Metrics'] for each in model.get('Results', ())]
            assert all(metrics) and (metrics or model.get('Weights')), model
    assert len(set(named)) == len(named) and set(named) <= set(LEAVES)
    for size, decoder in GOLDEN:
        assert CONFIGS / COCO / (f'td-hm_ViTPose-{size}{decoder}_'
                                 '8xb64-210e_coco-256x192.py') in named
