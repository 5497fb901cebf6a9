# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import json

import cv2
import numpy as np
import pandas
import pytest
import torch
from click.testing import CliRunner
from mmengine.config import Config
from mmpose.registry import MODELS

from vitpose_tools.cli import main


@pytest.fixture
def config(repo):
    path, = (repo / 'configs' / 'quickstart').glob('td-hm_ViTPose-tiny*synth*')
    return path


@pytest.fixture
def video(tmp_path):
    path = tmp_path / 'kätzchen 1.avi'
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*'MJPG'), 25.,
                             (64, 48))
    rng = np.random.default_rng(0)
    for _ in range(24):
        writer.write(rng.integers(0, 255, (48, 64, 3), np.uint8))
    writer.release()
    return path


@pytest.fixture
def weights(config, tmp_path, fill):
    path = tmp_path / 'weights.pth'
    model = fill(MODELS.build(Config.fromfile(config).model))
    torch.save(dict(state_dict=model.state_dict()), path)
    return path


def invoke(*args):
    return CliRunner().invoke(
        main, ['suggest', *map(str, args)], catch_exceptions=False)


def test_frames_and_labels_to_start_from_are_written(config, video, weights,
                                                     tmp_path):
    out = tmp_path / 'next'
    result = invoke(video, '--config', config, '--checkpoint', weights,
                    '--out', out, '--frames', 3, '--apart', 5,
                    '--min-score', -1, '--json')
    assert result.exit_code == 0, result.output
    summary = json.loads(result.stdout)
    assert summary == json.loads((out / 'suggest.json').read_text())
    frames = [frame['frame'] for frame in summary['frames']]
    assert len(frames) == 3 and frames == sorted(frames)
    assert np.diff(frames).min() >= 5 and summary['frames_seen'] == 24
    assert all(frame['why'] for frame in summary['frames'])

    capture = cv2.VideoCapture(str(video))
    pictures = [capture.read()[1] for _ in range(24)]
    coco = json.loads((out / 'coco.json').read_text())
    table = pandas.read_csv(
        out / 'labeled-data' / video.stem / 'CollectedData_vitpose_mm.csv',
        header=[0, 1, 2], index_col=0)
    for image, person, frame in zip(coco['images'], coco['annotations'],
                                    summary['frames']):
        assert image['file_name'] == frame['file']
        assert image['frame_index'] == frame['frame']
        written = cv2.imdecode(np.fromfile(
            out / image['file_name'], np.uint8), 1)
        np.testing.assert_array_equal(written, pictures[frame['frame']])
        np.testing.assert_allclose(
            table.loc[image['file_name']].to_numpy(),
            np.array(person['keypoints']).reshape(-1, 3)[:, :2].ravel())


def test_keypoints_of_little_confidence_are_left_empty(config, video, weights,
                                                       tmp_path):
    out = tmp_path / 'next'
    result = invoke(video, '--config', config, '--checkpoint', weights,
                    '--out', out, '--frames', 2, '--every', 4,
                    '--min-score', 1e6)
    assert result.exit_code == 0, result.output
    assert 'Wrote 2 of 6 frames' in result.stdout
    coco = json.loads((out / 'coco.json').read_text())
    assert all(image['frame_index'] % 4 == 0 for image in coco['images'])
    assert [person['num_keypoints'] for person in coco['annotations']] == [
        0, 0]


@pytest.mark.parametrize('fault, said', [
    ('video', 'absent.mp4 is no file'),
    ('config', 'absent.py was not read: FileNotFoundError'),
    ('bottom-up', 'is of a bottom-up model'),
    ('checkpoint', 'absent.pth'),
    ('out', 'is not an empty folder; choose another --out'),
    ('boxes', "boxes.json: entry 0 has the 'bbox' None")])
def test_what_cannot_be_is_one_sentence(config, video, weights, tmp_path,
                                        fault, said):
    out = tmp_path / 'next'
    if fault == 'video':
        video = tmp_path / 'absent.mp4'
    elif fault == 'config':
        config = tmp_path / 'absent.py'
    elif fault == 'bottom-up':
        config, = config.parent.glob('ae_ViTPose-tiny*crowd*')
    elif fault == 'checkpoint':
        weights = tmp_path / 'absent.pth'
    elif fault == 'out':
        out.mkdir()
        (out / 'labels.csv').touch()
    boxes = tmp_path / 'boxes.json'
    boxes.write_text('[{"image_id": 0}]')
    options = ['--boxes', boxes] if fault == 'boxes' else []
    result = invoke(video, '--config', config, '--checkpoint', weights,
                    '--out', out, *options)
    assert result.exit_code == 1
    assert said in result.stderr.splitlines()[-1]
    assert fault == 'out' or not out.exists()


@pytest.mark.slow
def test_a_name_gives_config_and_weights(video, hub, official_weights,
                                         tmp_path):
    torch.save(official_weights(384, 12), tmp_path / 'dense.pth')
    hub.push('JunkyByte/easy_ViTPose', {
        'torch/ap10k/vitpose-s-ap10k.pth':
            (tmp_path / 'dense.pth').read_bytes()})

    result = invoke(video, '--model', 'vitpose-plus-small/ap10k', '--out',
                    tmp_path / 'next', '--frames', 2, '--every', 6,
                    '--min-score', -1, '--json')

    assert result.exit_code == 0, result.output
    about = json.loads((tmp_path / 'next' / 'suggest.json').read_text())
    assert about['config'].endswith('ap10k-published-256x192.py')
    names = json.loads((tmp_path / 'next' / 'coco.json').read_text())[
        'categories'][0]['keypoints']
    assert names[4] == 'Root of tail' and len(names) == 17
