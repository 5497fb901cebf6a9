# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Runs of the stock runner that scale, resume or test what they must not."""
import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner

CONFIG = 'configs/quickstart/' \
    'td-hm_ViTPose-tiny_1xb12-150e_coco-overfit-128x96.py'


@pytest.fixture
def start(repo, real_data, tmp_path, monkeypatch):
    monkeypatch.setenv('VITPOSE_DATA', str(real_data))

    def build(**options) -> Runner:
        config = Config.fromfile(repo / CONFIG)
        config.merge_from_dict({
            'work_dir': str(tmp_path / 'work'),
            'train_cfg.max_epochs': 1,
            'train_cfg.max_epochs': 1,
            'train_cfg.val_interval': 9,
            'model.backbone.arch': dict(
                _delete_=True, embed_dim=32, depth=1, num_heads=2,
                mlp_ratio=2),
            'model.head.in_channels': 32,
            'default_hooks.checkpoint.save_best': None,
            **options
        })
        config.experiment_name = f'{tmp_path.name}{len(options)}'
        return Runner.from_cfg(config)

    return build


def test_a_rate_scaled_for_part_of_a_step_is_refused(start):
    scale = {'auto_scale_lr.enable': True,
             'auto_scale_lr.base_batch_size': 48,
             'train_dataloader.batch_size': 6,
             'optim_wrapper.optimizer.lr': 4e-3}
    start(**scale).train()
    runner = start(**scale, **{'optim_wrapper.accumulative_counts': 2})
    # 4e-3 is for 48, and a step sees 12.
    with pytest.raises(ValueError, match='2 times too small: it counts the 6 '
                       r'.*optimizer\.lr=0\.001$'):
        runner.train()
    start(**{'optim_wrapper.accumulative_counts': 2}).train()


def test_resuming_at_another_resolution_names_load_from(start, tmp_path):
    start().train()
    size = {'model.backbone.img_size': (160, 128),
            'model.head.decoder.input_size': (128, 160),
            'model.head.decoder.heatmap_size': (32, 40)}
    config = start(**size).cfg
    for loader in (config.train_dataloader, config.val_dataloader):
        for step in loader.dataset.pipeline:
            if step.type == 'TopdownAffine':
                step.input_size = (128, 160)
            if step.type == 'GenerateTarget':
                step.encoder = config.model.head.decoder
    config.resume, config.train_cfg.max_epochs = True, 2
    config.experiment_name += 'resumed'
    with pytest.raises(ValueError, match='cannot be resumed: .*pos_embed has '
                       r'the shape \(1, 320, 32\) .*\(1, 192, 32\).*'
                       'load_from=CHECKPOINT'):
        Runner.from_cfg(config).train()


@pytest.mark.parametrize('file, said', [
    (dict(final_layer=16), r'head.final_layer.weight, of shape \(17, 64, 1, '
     r'1\), has the shape \(16, 64, 1, 1\) in it'),
    (dict(final_layer=None), 'is not in it')])
def test_a_file_of_other_keypoints_starts_a_training_but_no_test(
        start, tmp_path, file, said):
    state = start().model.state_dict()
    number = file['final_layer']
    for name in [name for name in state if name.startswith('head.')]:
        if number is None:
            del state[name]
        elif 'final_layer' in name:
            state[name] = state[name][:number]
    path = str(tmp_path / 'other.pth')
    torch.save(dict(state_dict=state), path)
    with pytest.raises(ValueError, match=f'{path} does not fit .*{said}'):
        start(load_from=path).test()
    start(load_from=path).train()
