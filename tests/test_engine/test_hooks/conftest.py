# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""A tiny student, a teacher on disk, and a runner for both."""
from pathlib import Path
from typing import Callable

import pytest
import torch
from mmengine.config import Config, ConfigDict
from mmengine.dataset import pseudo_collate
from mmengine.runner import Runner
from mmengine.structures import InstanceData, PixelData
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample
from torch.utils.data import DataLoader, Dataset

K, SIZE, MAP = 5, (48, 64), (6, 8)


def estimator(embed_dim: int = 16, **changes) -> ConfigDict:
    """A ViTPose without batch norm; ``changes`` as in a child config."""
    model = dict(
        type='TopdownPoseEstimator',
        data_preprocessor=dict(
            type='PoseDataPreprocessor',
            mean=[120., 110., 100.],
            std=[60., 50., 40.],
            bgr_to_rgb=True),
        backbone=dict(
            type='ViT',
            arch=dict(embed_dim=embed_dim, depth=2, num_heads=2, mlp_ratio=2),
            img_size=SIZE[::-1],
            patch_size=8),
        head=dict(
            type='HeatmapHead',
            in_channels=embed_dim,
            out_channels=K,
            deconv_out_channels=[],
            deconv_kernel_sizes=[],
            loss=dict(type='KeypointMSELoss', use_target_weight=True),
            decoder=dict(
                type='UDPHeatmap', input_size=SIZE, heatmap_size=MAP,
                sigma=1)),
        train_cfg=dict(compute_acc=False))
    config = Config(dict(model=model))
    config.merge_from_dict({
        f'model.{key}': value
        for key, value in changes.items()
    })
    return config.model


class People(Dataset):
    """Random crops with random heatmaps and weights."""

    def __init__(self, length: int) -> None:
        generator = torch.Generator().manual_seed(1)
        self.metainfo = dict(dataset_name='people')
        self.samples = []
        for _ in range(length):
            sample = PoseDataSample(metainfo=self.metainfo)
            sample.gt_fields = PixelData(
                heatmaps=torch.rand(K, *MAP[::-1], generator=generator))
            sample.gt_instance_labels = InstanceData(
                keypoint_weights=torch.randint(
                    0, 2, (1, K), generator=generator).float())
            image = torch.randint(
                0, 256, (3, *SIZE[::-1]), generator=generator).byte()
            self.samples.append(dict(inputs=image, data_samples=sample))

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> dict:
        return self.samples[index]


@pytest.fixture
def student_config() -> Callable:
    return estimator


@pytest.fixture
def build() -> Callable:
    """Builds an estimator with weights that tell heatmaps apart."""

    def build_model(config: ConfigDict, seed: int = 0) -> torch.nn.Module:
        torch.manual_seed(seed)
        model = MODELS.build(config)
        model.init_weights()  # now, so that the runner leaves it as it is
        for param in model.parameters():
            torch.nn.init.normal_(param, std=0.2)
        return model

    return build_model


@pytest.fixture
def write_teacher(tmp_path: Path, build: Callable) -> Callable:
    """Writes a teacher's config and weights; returns the hook's arguments."""

    def write(config: ConfigDict, **meta) -> dict:
        model = build(config, seed=7)
        path = tmp_path / 'teacher.py'
        Config(dict(model=config)).dump(path)
        torch.save(
            dict(state_dict=model.state_dict(), meta=meta),
            tmp_path / 'teacher.pth')
        return dict(
            teacher=str(path),
            teacher_checkpoint=str(tmp_path / 'teacher.pth'))

    return write


@pytest.fixture
def batch() -> dict:
    """Four samples, as a loader hands them to train_step."""
    return pseudo_collate(People(4).samples)


@pytest.fixture
def make_runner(tmp_path: Path) -> Callable:
    """Builds a stock runner around a model."""

    def make(model, hooks, epochs=1, length=4, batch_size=2, **options):
        # MMEngine keeps one message hub and logger per name.
        make.count += 1
        loader = DataLoader(
            People(length), batch_size, collate_fn=pseudo_collate)
        optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.1))
        return Runner(
            model, **{
                **dict(
                    work_dir=str(tmp_path / 'work_dir'),
                    train_dataloader=loader,
                    train_cfg=dict(by_epoch=True, max_epochs=epochs),
                    optim_wrapper=optim_wrapper,
                    custom_hooks=hooks,
                    default_hooks=dict(
                        logger=dict(type='LoggerHook', interval=1)),
                    default_scope='mmpose',
                    log_level='ERROR',
                    experiment_name=f'{tmp_path.name}_{make.count}'),
                **options
            })

    make.count = 0
    return make
