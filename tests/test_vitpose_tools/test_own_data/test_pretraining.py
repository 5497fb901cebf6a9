# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config

from vitpose_tools.own_data import Choices, OwnDataError, finetune, pretraining


@pytest.fixture
def video(tmp_path):
    """60 frames; the shade of frame i is 4 i."""
    path = tmp_path / 'clip.avi'
    writer = cv2.VideoWriter(
        str(path), cv2.VideoWriter_fourcc(*'MJPG'), 25, (96, 64))
    for i in range(60):
        writer.write(np.full((64, 96, 3), 4 * i, np.uint8))
    writer.release()
    return path


def test_frames_are_evenly_spread(video, tmp_path, monkeypatch):
    monkeypatch.setattr(pretraining, 'FRAMES', 20)
    seen = []
    count = pretraining.extract_frames(
        [video, video], tmp_path / 'frames', lambda: seen.append(1))

    files = sorted((tmp_path / 'frames').iterdir())
    assert count == len(files) == len(seen) == 20
    shades = [cv2.imread(str(file)).mean() for file in files[:10]]
    assert np.allclose(shades, np.arange(0, 240, 24), atol=4)
    assert pretraining.extract_frames(
        [video], tmp_path / 'frames', lambda: None) == 20


def test_what_is_no_video_is_named(tmp_path):
    (tmp_path / 'x.mp4').write_bytes(b'nothing')

    with pytest.raises(OwnDataError, match='x.mp4: OpenCV reads no frame'):
        pretraining.extract_frames(
            [tmp_path / 'x.mp4'], tmp_path / 'frames', lambda: None)
    assert not (tmp_path / 'frames').exists()


@pytest.mark.slow
def test_encoder_of_the_video_starts_the_pose_model(
        labelled, video, tmp_path, monkeypatch):
    monkeypatch.setattr(pretraining, 'STEPS', 4)
    best = finetune(Choices(
        None, labelled('train'), labelled('val'), tmp_path / 'images',
        tmp_path / 'out', videos=(video, ), epochs=1, batch=4), False, False,
        print)

    out = tmp_path / 'out'
    encoder = torch.load(out / 'mae' / 'encoder.pth', weights_only=False)
    config = Config.fromfile(out / 'config.py')
    assert config.model.backbone.init_cfg.checkpoint == str(
        out / 'mae' / 'encoder.pth')
    assert 'backbone.pos_embed' in encoder['state_dict']
    log = (out / 'run' / 'train.log').read_text()
    assert 'encoder.pth' in log and 'tensors of' in log
    assert best.exists()
