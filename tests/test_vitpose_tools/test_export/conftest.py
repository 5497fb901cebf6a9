# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Callable

import pytest
import torch
from mmengine.config import Config
from mmpose.models import build_pose_estimator
from mmpose.registry import DATASETS

# As quick as it gets; its heatmaps are smooth, so that peaks can be refined.
SMALL = """
codec = dict(type='UDPHeatmap', input_size=(48, 64), heatmap_size=(12, 16),
             sigma=2)
model = dict(
    backbone=dict(img_size=(64, 48), patch_size=16,
                  arch=dict(embed_dim=32, depth=2, num_heads=2, mlp_ratio=2)),
    neck=dict(type='FeatureMapProcessor', scale_factor=4.),
    head=dict(in_channels=32, deconv_out_channels=None,
              deconv_kernel_sizes=None,
              final_layer=dict(kernel_size=3, padding=1), decoder=codec))
test_pipeline = [
    dict(type='LoadImage'), dict(type='GetBBoxCenterScale', padding=1.2),
    dict(type='TopdownAffine', input_size=(48, 64), use_udp=True),
    dict(type='PackPoseInputs')]
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
"""


@pytest.fixture
def small(repo, fill, tmp_path) -> Callable[..., tuple]:
    """Write the config of a small model, and random weights whose heatmaps
    are about one."""

    def write(text: str = '') -> tuple:
        base, = (repo / 'configs' / 'quickstart').glob(
            'td-hm_ViTPose-tiny*synth*')
        path = tmp_path / 'config.py'
        path.write_text(f'_base_ = [{str(base)!r}]\n{SMALL}{text}')
        config = Config.fromfile(path)
        model = fill(build_pose_estimator(config.model))
        for name, part in model.named_parameters():
            if 'final_layer.weight' in name:
                part.data /= 10
            elif 'final_layer.bias' in name:
                part.data.fill_(1.)
        meta = DATASETS.build(
            dict(type='CocoDataset', lazy_init=True)).metainfo
        weights = tmp_path / 'weights.pth'
        torch.save(dict(state_dict=model.state_dict(),
                        meta=dict(dataset_meta=meta)), weights)
        return path, weights

    return write
