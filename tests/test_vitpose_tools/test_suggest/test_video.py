# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine.config import Config
from mmpose.apis import inference_topdown
from mmpose.models import build_pose_estimator

from vitpose_tools.suggest.video import Video, VideoError, read_boxes, track


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
    model.dataset_meta = dict(dataset_name='maus', flip_indices=[0, 1, 2])
    return model


def test_frames_are_those_of_the_video(film):
    assert film.size == (64, 48) and film.fps == 25
    seen = dict(film.read(lambda index: index % 3 == 0))
    assert list(seen) == [0, 3, 6]
    for index, frame in seen.items():
        assert frame.shape == (48, 64, 3)
        columns = np.flatnonzero(frame[24, :, 0] > 128)
        assert columns[0] == pytest.approx(4 * index, abs=1)


def test_tracks_are_what_mmpose_says_of_each_frame(film, model):
    tracks = track(model, film, 2, None, batch_size=3)
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


def test_frames_without_a_box_are_left_out(film, model):
    boxes = {2: [10., 5., 40., 45.], 5: [0., 0., 30., 40.]}
    tracks = track(model, film, 1, boxes, batch_size=8)
    assert tracks.frames.tolist() == [2, 5]
    (_, frame), = film.read(lambda index: index == 2)
    sample, = inference_topdown(model, frame, [boxes[2]])
    np.testing.assert_allclose(
        tracks.keypoints[0], sample.pred_instances.keypoints[0], atol=1e-3)
    np.testing.assert_allclose(tracks.boxes, list(boxes.values()))
    with pytest.raises(VideoError, match='no frame of .*maus.avi has a box'):
        track(model, film, 1, {99: boxes[2]}, batch_size=8)


def test_of_several_boxes_the_surest_counts():
    boxes = read_boxes([
        dict(image_id=3, bbox=[1, 2, 10, 20], score=.4, category_id=1),
        dict(image_id=3, bbox=[5, 6, 10, 20], score=.7),
        dict(image_id=4, bbox=[5, 6, 0, 20], score=.9)], Path('a.json'))
    assert boxes == {3: [5, 6, 15, 26]}


@pytest.mark.parametrize('entry', [
    dict(bbox=[1, 2, 3, 4]), dict(image_id=1, bbox=[1, 2, 3]),
    dict(image_id='a', bbox=[1, 2, 3, 4]), [1, 2], None])
def test_what_is_no_detection_is_named(entry):
    good = dict(image_id=3, bbox=[1, 2, 10, 20], score=.4)
    with pytest.raises(VideoError, match='a.json: entry 1 is no detection'):
        read_boxes([good, entry], Path('a.json'))


def test_what_is_no_video_is_named(tmp_path):
    with pytest.raises(VideoError, match='absent.mp4 is no file'):
        Video(tmp_path / 'absent.mp4')
    (tmp_path / 'text.mp4').write_text('no video')
    with pytest.raises(VideoError, match='text.mp4 is no video'):
        Video(tmp_path / 'text.mp4')
