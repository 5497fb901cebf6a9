# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from pathlib import Path
from typing import Callable

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmpose.models import build_pose_estimator
from mmpose.registry import DATASETS

# Decoded to whole heatmap pixels and a quarter: the same of any batch.
PLAIN = ("dict(type='MSRAHeatmap', input_size=(96, 128), "
         'heatmap_size=(24, 32), sigma=2)')
# Random weights make smooth heatmaps with this decoder, whose peaks can be
# refined: of noise, stock's refinement loses its digits.
SMOOTH = """
model = dict(
    backbone=dict(patch_size=16),
    neck=dict(type='FeatureMapProcessor', scale_factor=4.),
    head=dict(deconv_out_channels=None, deconv_kernel_sizes=None,
              final_layer=dict(kernel_size=3, padding=1)))
"""


@pytest.fixture
def trained(repo, fill, tmp_path) -> Callable[..., tuple]:
    """Write a config above one of the quickstart's, and random weights whose
    heatmaps are about one."""

    def make(pattern: str = 'td-hm_ViTPose-tiny*synth*', text: str = '',
             dataset: str = 'CocoDataset') -> tuple:
        base, = (repo / 'configs' / 'quickstart').glob(pattern)
        path = tmp_path / 'config.py'
        path.write_text(f'_base_ = [{str(base)!r}]\n{text}')
        config = Config.fromfile(path)
        model = fill(build_pose_estimator(config.model))
        for name, part in model.named_parameters():
            if 'final_layer.weight' in name:
                part.data /= 10
            elif 'final_layer.bias' in name:
                part.data.fill_(1.)
        meta = DATASETS.build(dict(type=dataset, lazy_init=True)).metainfo
        weights = tmp_path / 'weights.pth'
        torch.save(dict(state_dict=model.state_dict(),
                        meta=dict(dataset_meta=meta)), weights)
        return path, weights

    return make


@pytest.fixture
def write_video(tmp_path) -> Callable[..., Path]:
    """A bright square that walks to the right by 4 pixels a frame."""

    def write(name: str = 'weiße maus.avi', frames: int = 9,
              size=(64, 48)) -> Path:
        path = tmp_path / name
        writer = cv2.VideoWriter(
            str(path), cv2.VideoWriter_fourcc(*'MJPG'), 25., size)
        assert writer.isOpened()
        for index in range(frames):
            frame = np.zeros((*size[::-1], 3), np.uint8)
            frame[20:28, 4 * index:4 * index + 8] = 255
            writer.write(frame)
        writer.release()
        return path

    return write
