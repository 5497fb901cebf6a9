# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""A joint config in MMPose's own tools: a result, or what to take."""
import pickle
import runpy
import sys
from pathlib import Path

import cv2
import mmpose
import pytest
import torch
from mmengine.config import Config
from mmengine.visualization import Visualizer
from mmpose.apis import MMPoseInferencer, inference_topdown, init_model
from mmpose.registry import MODELS

TOOLS = Path(mmpose.__file__).parent / '.mim' / 'tools'
NAMES = {'coco', 'aic', 'mpii', 'ap10k', 'coco_wholebody'}


@pytest.fixture
def config(repo, real_data, monkeypatch) -> Path:
    monkeypatch.setenv('VITPOSE_DATA', str(real_data))
    path, = (repo / 'configs' / 'quickstart').glob('*plus-tiny*joint-overfit*')
    return path


@pytest.fixture
def checkpoint(config, tmp_path) -> Path:
    """Random weights."""
    model = MODELS.build(Config.fromfile(config).model)
    torch.save(dict(state_dict=model.state_dict()), tmp_path / 'joint.pth')
    return tmp_path / 'joint.pth'


def run_tool(monkeypatch, name, *args):
    # Hooks take the one that was made last, of whatever test.
    Visualizer._instance_dict.clear()
    monkeypatch.setattr(sys, 'argv', [name, *map(str, args)])
    runpy.run_path(str(TOOLS / name), run_name='__main__')


def test_a_test_draws_and_dumps_every_dataset(config, checkpoint, tmp_path,
                                              monkeypatch):
    dump = tmp_path / 'dump.pkl'
    run_tool(monkeypatch, 'test.py', config, checkpoint, '--work-dir',
             tmp_path / 'work', '--show-dir', 'drawn', '--dump', dump)
    drawn = list((tmp_path / 'work').rglob('drawn/*.jpg'))
    samples = pickle.loads(dump.read_bytes())
    assert {sample['dataset_name'] for sample in samples} == NAMES
    assert len(drawn) == len(samples)


@pytest.mark.parametrize('mode', ['transformed', 'original'])
def test_browse_dataset_draws_every_dataset(config, tmp_path, monkeypatch,
                                            mode):
    run_tool(monkeypatch, 'misc/browse_dataset.py', config, '--output-dir',
             tmp_path, '--not-show', '--phase', 'train', '--mode', mode)
    drawn = list(tmp_path.rglob('*.jpg'))
    assert len(drawn) > 20
    # Crops, or whole images.
    width = cv2.imread(str(drawn[0])).shape[1]
    assert width == 96 if mode == 'transformed' else width > 96


@pytest.mark.parametrize('chosen', [None, 'ap10k'])
def test_a_picture_needs_the_leaf_of_a_dataset(config, checkpoint, real_data,
                                               chosen):
    loaded = Config.fromfile(config)
    loaded.model.test_cfg.dataset = chosen
    message = 'take the config of one, such as .*plus-base_8xb64-210e_coco'
    with pytest.raises(ValueError, match=message):
        MMPoseInferencer(
            pose2d=loaded, pose2d_weights=str(checkpoint),
            det_model='whole_image', device='cpu')
    model = init_model(loaded, str(checkpoint), device='cpu')
    with pytest.raises(ValueError, match=message):
        inference_topdown(model, str(real_data / 'ap10k/000000000004.jpg'))
