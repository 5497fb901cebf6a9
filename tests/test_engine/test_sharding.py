# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""FSDP against a process that holds everything: gloo on the CPU, and NCCL on
a GPU where there is one."""
import os
from pathlib import Path
from typing import List, Optional, Tuple

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import FlexibleRunner
from mmengine.structures import InstanceData, PixelData
from mmengine.utils import digit_version
from mmpose.registry import DATASETS
from mmpose.structures import PoseDataSample
from processes import run_processes
from torch import distributed
from torch.utils.data import Dataset

from vitpose_mm.checkpoints import CheckpointError, read_checkpoint
from vitpose_mm.engine.sharding import OLDEST_SHARDING, ShardedStrategy

LENGTH = 4
NEW_ENOUGH = pytest.mark.skipif(
    digit_version(torch.__version__) < digit_version(OLDEST_SHARDING),
    reason=f'FSDP needs torch {OLDEST_SHARDING}')


@DATASETS.register_module(force=True)
class Crops(Dataset):
    """Random crops with random heatmaps."""

    def __init__(self) -> None:
        generator = torch.Generator().manual_seed(1)
        self.metainfo = dict(dataset_name='crops')
        self.samples = []
        for _ in range(LENGTH):
            sample = PoseDataSample(metainfo=self.metainfo)
            sample.gt_fields = PixelData(
                heatmaps=torch.rand(3, 4, 3, generator=generator))
            sample.gt_instance_labels = InstanceData(
                keypoint_weights=torch.ones(1, 3))
            image = torch.randint(
                0, 256, (3, 64, 48), generator=generator).byte()
            self.samples.append(dict(inputs=image, data_samples=sample))

    def __len__(self) -> int:
        return LENGTH

    def __getitem__(self, index: int) -> dict:
        return self.samples[index]


def config(work_dir: Path, epochs: int, strategy: Optional[dict],
           batch_size: int, **options) -> Config:
    """A run of a tiny ViTPose with the recipe's optimiser and hooks."""
    head = dict(
        type='HeatmapHead', in_channels=32, out_channels=3,
        deconv_out_channels=(), deconv_kernel_sizes=(),
        loss=dict(type='KeypointMSELoss'))
    return Config(dict(
        dict(
            model=dict(
                type='TopdownPoseEstimator',
                data_preprocessor=dict(
                    type='PoseDataPreprocessor', mean=[120.] * 3,
                    std=[60.] * 3),
                backbone=dict(
                    type='ViT', img_size=(64, 48), init_cfg=dict(
                        type='TruncNormal', layer='Linear', std=.2),
                    arch=dict(
                        embed_dim=32, depth=2, num_heads=4, mlp_ratio=2)),
                head=head,
                train_cfg=dict(compute_acc=False)),
            train_dataloader=dict(
                batch_size=batch_size, num_workers=0,
                dataset=dict(type='Crops'),
                sampler=dict(type='DefaultSampler', shuffle=False)),
            train_cfg=dict(by_epoch=True, max_epochs=epochs),
            optim_wrapper=dict(
                # On a CPU torch saves one of Adam's averages as both.
                optimizer=dict(
                    type='SGD', lr=.1, momentum=.9, weight_decay=.5),
                constructor='ViTLayerDecayOptimWrapperConstructor',
                paramwise_cfg=dict(layer_decay_rate=.5),
                clip_grad=dict(max_norm=.05)),
            custom_hooks=[dict(type=name) for name in (
                'ModelDataCheckHook', 'ResumeHook', 'NaNHook')],
            default_hooks=dict(checkpoint=dict(
                type='WholeCheckpointHook', interval=1)),
            work_dir=str(work_dir), strategy=strategy, default_scope='mmpose',
            launcher='pytorch' if strategy else 'none', log_level='ERROR',
            experiment_name=f'{work_dir.name}_{epochs}_{bool(options)}',
            env_cfg=dict(), randomness=dict(seed=0)), **options))


Groups = List[Tuple[int, float, float]]


def train(*args, **options) -> Groups:
    """Train; the optimiser's groups."""
    runner = FlexibleRunner.from_cfg(config(*args, **options))
    runner.train()
    groups = runner.optim_wrapper.optimizer.param_groups
    return [(len(group['params']), group['lr'], group['weight_decay'])
            for group in groups]


def train_sharded(work_dir: Path, foreign: Path, device: str) -> str:
    """Train an epoch, and another after an interruption; say what a file of
    other names is answered."""
    strategy = dict(type='ShardedStrategy',
                    model_wrapper=dict(device_id=device))
    batch_size = LENGTH // distributed.get_world_size()
    train(work_dir, 1, strategy, batch_size)
    train(work_dir, 2, strategy, batch_size, resume=True)
    try:
        train(work_dir, 1, strategy, batch_size, load_from=str(foreign))
    except CheckpointError as error:
        return str(error)
    return 'nothing'


def assert_ordinary_and_equal(folder: Path, whole: Path) -> None:
    """Both checkpoints of a sharded run are those of a whole one."""
    for name in ('epoch_1.pth', 'epoch_2.pth'):
        found, expected = (read_checkpoint(path / name)
                           for path in (folder, whole))
        assert found['meta']['epoch'] == expected['meta']['epoch']
        assert list(found['state_dict']) == list(expected['state_dict'])
        torch.testing.assert_close(
            dict(found['state_dict']), dict(expected['state_dict']),
            atol=1e-5, rtol=1e-4)


@pytest.fixture
def foreign(tmp_path, official_weights) -> Path:
    torch.save(official_weights(32, 2), tmp_path / 'official.pth')
    return tmp_path / 'official.pth'


@NEW_ENOUGH
def test_sharded_processes_equal_one(tmp_path, foreign):
    train(tmp_path / 'whole', 2, None, LENGTH)
    said = run_processes(
        train_sharded, 2, tmp_path / 'sharded', foreign, 'cpu')
    assert_ordinary_and_equal(tmp_path / 'sharded', tmp_path / 'whole')
    for text in said:
        assert f'{foreign} was not written by a ViT of this package' in text
        assert 'model.backbone.init_cfg' in text


@NEW_ENOUGH
def test_groups_of_the_optimiser_are_those_of_whole_parameters(tmp_path):
    whole = train(tmp_path / 'whole', 1, None, LENGTH)
    (sharded, ) = run_processes(one_sharded, 1, tmp_path / 'sharded')
    assert sharded == whole


def test_an_older_torch_is_refused(monkeypatch):
    monkeypatch.setattr(torch, '__version__', '2.11.0+cu130')
    with pytest.raises(RuntimeError, match='needs torch >= 2.15, and this is '
                       '2.11.0.*DDP'):
        ShardedStrategy()


def one_sharded(work_dir: Path) -> Groups:
    distributed.init_process_group(
        'gloo', f'file://{work_dir}.meet', rank=0, world_size=1)
    return train(work_dir, 1, dict(
        type='ShardedStrategy', model_wrapper=dict(device_id='cpu')), LENGTH)


@NEW_ENOUGH
@pytest.mark.gpu
def test_one_gpu_with_nccl_equals_one_process(tmp_path, foreign,
                                              monkeypatch):
    # Convolutions in TF32 differ by where their weights lie.
    monkeypatch.setattr(torch.backends.cudnn, 'allow_tf32', False)
    os.environ.update(RANK='0', LOCAL_RANK='0', WORLD_SIZE='1')
    train(tmp_path / 'whole', 2, None, LENGTH)
    distributed.init_process_group(
        'nccl', f'file://{tmp_path}/meet', rank=0, world_size=1)
    try:
        said = train_sharded(tmp_path / 'sharded', foreign, 'cuda:0')
        assert 'was not written by a ViT of this package' in said
        assert_ordinary_and_equal(tmp_path / 'sharded', tmp_path / 'whole')
    finally:
        distributed.destroy_process_group()
