# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Stock MMPoseInferencer with a joint model and a leaf per dataset."""
import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmpose.apis import MMPoseInferencer
from mmpose.registry import DATASETS, MODELS

EMBED_DIM = 32
CASES = [
    ('coco', 'CocoDataset', 'coco/000000000785.jpg'),
    ('coco-wholebody', 'CocoWholeBodyDataset', 'coco/000000000785.jpg'),
    ('ap10k', 'AP10KDataset', 'ap10k/000000037516.jpg'),
]


def metainfo(dataset: str) -> dict:
    return DATASETS.build(dict(type=dataset, lazy_init=True)).metainfo


def load(repo, data: str) -> Config:
    """The small leaf of a dataset, with a network that is tiny."""
    path, = (repo / 'configs').rglob(
        f'td-hm_ViTPose-plus-small_8xb64-210e_{data}-256x192.py')
    config = Config.fromfile(path)
    config.model.backbone.update(
        arch=dict(embed_dim=EMBED_DIM, depth=1, num_heads=2, mlp_ratio=2),
        part_features=8)
    for head in config.model.heads.values():
        head.in_channels = EMBED_DIM
    return config


@pytest.fixture
def checkpoint(repo, tmp_path):
    """A joint checkpoint, which holds the metainfo of its first dataset."""
    model = MODELS.build(load(repo, 'coco').model)
    path = tmp_path / 'joint.pth'
    torch.save(
        dict(state_dict=model.state_dict(),
             meta=dict(dataset_meta=metainfo('CocoDataset'))), path)
    return path


@pytest.mark.parametrize('data, dataset, image', CASES,
                         ids=[case[0] for case in CASES])
def test_inferencer_draws_the_skeleton_of_the_leaf(repo, real_data, tmp_path,
                                                   checkpoint, data, dataset,
                                                   image):
    inferencer = MMPoseInferencer(
        pose2d=load(repo, data), pose2d_weights=str(checkpoint),
        det_model='whole_image', device='cpu')
    expected = metainfo(dataset)
    result = next(inferencer(
        str(real_data / image), out_dir=str(tmp_path), kpt_thr=-1.))

    stock = inferencer.inferencer
    assert stock.model.dataset_meta['dataset_name'] == \
        expected['dataset_name']
    assert stock.visualizer.skeleton == expected['skeleton_links']
    np.testing.assert_array_equal(stock.visualizer.kpt_color,
                                  expected['keypoint_colors'])
    found, = result['predictions'][0]
    assert len(found['keypoints']) == expected['num_keypoints']
    drawn = cv2.imread(next(map(str, (tmp_path / 'visualizations').iterdir())))
    assert (drawn != cv2.imread(str(real_data / image))).any()
