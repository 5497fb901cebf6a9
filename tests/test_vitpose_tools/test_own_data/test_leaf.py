# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""The config that is written, as MMEngine and MMPose read it."""
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpose.registry import DATASETS, MODELS

from vitpose_tools.data_check.flip_pairs import guess_flip_pairs
from vitpose_tools.own_data.labels import read_own_labels
from vitpose_tools.own_data.leaf import Plan, write_leaf
from vitpose_tools.own_data.metainfo import write_metainfo
from vitpose_tools.own_data.presets import PRESETS, crop_size


@pytest.fixture
def leaf(labelled, tmp_path):

    def write(preset: str = 'tiny', options=None, **labels) -> Config:
        train = read_own_labels(labelled('train', **labels))
        val = read_own_labels(labelled('val', **labels))
        metainfo = tmp_path / 'metainfo.py'
        metainfo.write_text(write_metainfo(
            train, guess_flip_pairs(train.names), 'mine'), encoding='utf-8')
        plan = Plan(**dict(dict(
            train=train, val=val, images=tmp_path / 'images',
            metainfo=metainfo, flip=True), **(options or {})))
        path = tmp_path / 'run' / 'config.py'
        path.parent.mkdir(exist_ok=True)
        path.write_text(
            write_leaf(plan, PRESETS[preset], path, path.parent),
            encoding='utf-8')
        return Config.fromfile(path)

    return write


@pytest.mark.parametrize('options', [
    dict(), dict(names=['one']), dict(count=1), dict(whole=True),
    dict(size=(40, 200)), dict(names=["l'œil", '鼻'])
])
def test_a_batch_of_the_config_trains_its_model(leaf, options):
    config = leaf(**options)
    init_default_scope('mmpose')
    model = MODELS.build(config.model).train()
    dataset = DATASETS.build(config.train_dataloader.dataset)
    sample = dataset[0]
    data = model.data_preprocessor(dict(
        inputs=[sample['inputs']], data_samples=[sample['data_samples']]))
    loss = model.loss(data['inputs'], data['data_samples'])['loss_kpt']

    assert len(dataset) == options.get('count', 6)
    assert tuple(data['inputs'].shape[2:]) == config.model.backbone.img_size
    assert torch.isfinite(loss) and loss > 0


def test_crops_have_the_shape_of_the_boxes(leaf):
    wide = leaf(size=(240, 120), whole=True)
    width, height = wide.codec.input_size

    assert width / height == pytest.approx(2, rel=0.1)
    assert wide.codec.heatmap_size == (width // 4, height // 4)
    assert wide.model.backbone.img_size == (height, width)
    assert wide.padding == 1.1


@pytest.mark.parametrize('aspect', [0.01, 0.3, 0.75, 1, 1.5, 4, 1000])
@pytest.mark.parametrize('side', [128, 256])
def test_crop_keeps_area_and_fits_patches(side, aspect):
    width, height = crop_size(side, aspect)

    assert width % 16 == height % 16 == 0
    assert 0.7 < width * height / side**2 < 1.4
    assert 1 / 4 <= width / height <= 4


def test_schedule_follows_the_number_of_people(leaf):
    few, many = leaf(count=3), leaf(count=40)

    assert few.train_dataloader.batch_size == 3
    assert many.train_dataloader.batch_size == 16
    assert many.train_cfg.max_epochs * (40 // 16) == PRESETS['tiny'].iterations
    assert many.train_cfg.type == 'CheckedTrainLoop'


@pytest.mark.parametrize('size', ['tiny', 'small'])
def test_weights_to_start_from_stand_in_the_config(leaf, size):
    config = leaf(size, dict(init='mine.pth'))

    assert config.model.backbone.init_cfg == dict(
        type='Pretrained', checkpoint='mine.pth')


def test_choices_stand_in_the_config(leaf):
    config = leaf('small', dict(init='mine.pth', epochs=7, batch=2, flip=False,
                                seed=5))

    assert config.model.backbone.init_cfg == dict(
        type='Pretrained', checkpoint='mine.pth')
    assert config.model.backbone['freeze'] == ('attn', )
    assert config.train_cfg.max_epochs == 7
    assert config.train_dataloader.batch_size == 2
    assert config.randomness == dict(seed=5)
    assert not config.model.test_cfg.flip_test
    assert not any(step.type == 'RandomFlip' for step in config.train_pipeline)


@pytest.mark.parametrize('size', PRESETS)
def test_every_size_is_a_model(leaf, size):
    config = leaf(size)
    init_default_scope('mmpose')
    with torch.device('meta'):
        backbone = MODELS.build(dict(config.model.backbone, init_cfg=None))
    assert config.model.head.in_channels == backbone.last_norm.weight.shape[0]


def test_it_is_its_own_bases_and_nothing_else(leaf):
    """No key of the text is without an effect on MMPose."""
    config = leaf()

    assert config.val_evaluator[2].ann_file == \
        config.val_dataloader.dataset.ann_file
    assert config.default_hooks.checkpoint.save_best == 'EPE'
    assert config.default_hooks.checkpoint.rule == 'less'
    assert config.param_scheduler[1].end == config.train_cfg.max_epochs
