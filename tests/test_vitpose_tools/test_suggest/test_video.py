# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import copy

import cv2
import numpy as np
import pytest
from mmengine.config import Config
from mmpose.apis import inference_topdown
from mmpose.models import build_pose_estimator

from vitpose_tools.predict.torch_network import TorchNetwork, crop_of
from vitpose_tools.predict.videos import Video, VideoError
from vitpose_tools.suggest.video import track


def write_video(path, frames=9, size=(64, 48)):
    """A bright square that walks to the right by 4 pixels a frame."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*'MJPG'), 25.,
                             size)
    assert writer.isOpened()
    for index in range(frames):
        frame = np.zeros((*size[::-1], 3), np.uint8)
        frame[20:28, 4 * index:4 * index + 8] = 255
        writer.write(frame)
    writer.release()
    return path


@pytest.fixture
def film(tmp_path):
    return Video(write_video(tmp_path / 'weiße maus.avi'))


@pytest.fixture
def model(repo, fill):
    """The quickstart's model with random weights, as init_model returns
    it."""
    path, = (repo / 'configs' / 'quickstart').glob('td-hm_ViTPose-tiny*synth*')
    config = Config.fromfile(path)
    config.model.head.out_channels = 3
    # Of random weights, refined peaks may lie anywhere and differ with the
    # batch.
    config.model.head.decoder = dict(
        type='MSRAHeatmap', input_size=(96, 128), heatmap_size=(24, 32),
        sigma=2)
    model = fill(build_pose_estimator(config.model))
    model.cfg = config
    model.dataset_meta = dict(
        dataset_name='maus', num_keypoints=3, flip_indices=[0, 1, 2],
        keypoint_id2name=dict(enumerate(['nase', 'ohr', 'schwanz'])))
    return model


@pytest.fixture
def network(model):
    return TorchNetwork(  # it changes its model
        copy.deepcopy(model),
        crop_of(model.cfg.test_dataloader.dataset.pipeline, ''))


def test_frames_are_those_of_the_video(film):
    assert film.size == (64, 48) and film.fps == 25
    seen = dict(film.read(lambda index: index % 3 == 0))
    assert list(seen) == [0, 3, 6]
    for index, frame in seen.items():
        assert frame.shape == (48, 64, 3)
        columns = np.flatnonzero(frame[24, :, 0] > 128)
        assert columns[0] == pytest.approx(4 * index, abs=1)


def test_tracks_are_what_mmpose_says_of_each_frame(film, model, network):
    tracks = track(network, film, 2, None, batch_size=3)
    assert tracks.frames.tolist() == [0, 2, 4, 6, 8]
    assert tracks.keypoints.shape == (5, 3, 2)
    for row, (_, frame) in enumerate(film.read(lambda i: i % 2 == 0)):
        sample, = inference_topdown(model, frame)
        np.testing.assert_allclose(
            tracks.keypoints[row], sample.pred_instances.keypoints[0],
            atol=1e-3)
        np.testing.assert_allclose(
            tracks.scores[row], sample.pred_instances.keypoint_scores[0],
            rtol=1e-4)
    np.testing.assert_allclose(tracks.boxes, [[0, 0, 64, 48]] * 5)


def test_frames_without_a_box_are_left_out(film, model, network):
    boxes = {2: [10., 5., 40., 45.], 5: [0., 0., 30., 40.]}
    tracks = track(network, film, 1, boxes, batch_size=8)
    assert tracks.frames.tolist() == [2, 5]
    (_, frame), = film.read(lambda index: index == 2)
    sample, = inference_topdown(model, frame, [boxes[2]])
    np.testing.assert_allclose(
        tracks.keypoints[0], sample.pred_instances.keypoints[0], atol=1e-3)
    np.testing.assert_allclose(tracks.boxes, list(boxes.values()))
    with pytest.raises(VideoError, match='no frame of .*maus.avi has a box'):
        track(network, film, 1, {99: boxes[2]}, batch_size=8)


def test_what_is_no_video_is_named(tmp_path):
    with pytest.raises(VideoError, match='absent.mp4 is no file'):
        Video(tmp_path / 'absent.mp4')
    (tmp_path / 'text.mp4').write_text('no video')
    with pytest.raises(VideoError, match='text.mp4 is no video'):
        Video(tmp_path / 'text.mp4')
