# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import json
from pathlib import Path
from typing import Callable

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmpose.models import build_pose_estimator
from mmpose.registry import DATASETS

NAMES = ['nose', 'left_paw', 'right_paw', 'tail']


@pytest.fixture
def labelled(tmp_path) -> Callable[..., Path]:
    """Write a COCO file of drawn dots, and its pictures."""

    def write(name: str = 'train', count: int = 6, names=NAMES,
              size=(96, 64), whole: bool = False, **category) -> Path:
        rng = np.random.default_rng(len(name))
        width, height = size
        folder = tmp_path / 'images'
        folder.mkdir(exist_ok=True)
        images, annotations = [], []
        for number in range(1, count + 1):
            picture = np.full((height, width, 3), 90, np.uint8)
            points = rng.uniform(16, (width - 16, height - 16),
                                 (len(names), 2)).round(1)
            for k, point in enumerate(points):
                shade = (40 * k % 255, 250 - 50 * k % 250, 60)
                cv2.circle(picture, tuple(map(round, point)), 3, shade, -1)
            file = f'{name}{number}.png'
            cv2.imwrite(str(folder / file), picture)
            images.append(dict(id=number, file_name=file, width=width,
                               height=height))
            box = [0, 0, width, height] if whole else [
                8, 8, width - 16, height - 16]
            annotations.append(dict(
                id=number, image_id=number, category_id=1, iscrowd=0,
                bbox=box, area=box[2] * box[3], num_keypoints=len(names),
                keypoints=np.column_stack(
                    (points, np.full(len(names), 2))).ravel().tolist()))
        categories = [dict(dict(id=1, name='mouse', keypoints=list(names)),
                           **category)]
        path = tmp_path / f'{name}.json'
        path.write_text(json.dumps(dict(
            images=images, annotations=annotations, categories=categories)))
        return path

    return write


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
