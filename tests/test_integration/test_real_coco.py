# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Stock MMPose from images to metric and pictures, on real COCO people."""
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from mmpose.apis import MMPoseInferencer

CONFIG = 'configs/quickstart/' \
    'td-hm_ViTPose-tiny_1xb12-150e_coco-overfit-128x96.py'
EPOCHS = 100


@pytest.fixture(scope='module')
def run(repo, real_data, tmp_path_factory):
    """A short form of the overfit config, trained once by `mim train`."""
    work_dir = tmp_path_factory.mktemp('overfit')

    def mim(verb, *options):
        return subprocess.run(
            [
                sys.executable, '-m', 'mim', verb, 'mmpose', CONFIG,
                '--work-dir', work_dir,
                *options
            ],
            cwd=repo,
            env={**os.environ, 'VITPOSE_DATA': str(real_data)},
            check=False,
            capture_output=True,
            text=True,
            timeout=1800)

    training = mim('train', '--cfg-options', f'train_cfg.max_epochs={EPOCHS}',
                   f'train_cfg.val_interval={EPOCHS}')
    assert training.returncode == 0, training.stderr[-3000:]
    best = work_dir / f'best_coco_AP_epoch_{EPOCHS}.pth'
    return SimpleNamespace(work_dir=work_dir, mim=mim, best=best)


def scalars(work_dir: Path) -> list:
    lines = max(work_dir.glob('*/vis_data/scalars.json')).read_text()
    return [json.loads(line) for line in lines.splitlines()]


def test_training_learns_real_people_by_heart(run):
    assert scalars(run.work_dir)[-1]['coco/AP'] >= 0.95


@pytest.mark.slow
def test_mim_test_repeats_the_metric_of_training(run):
    testing = run.mim('test', '--checkpoint', run.best)
    assert testing.returncode == 0, testing.stderr[-3000:]
    result, = (
        json.loads(path.read_text())
        for path in run.work_dir.glob('*/*.json'))
    assert result['coco/AP'] == pytest.approx(
        scalars_of_training(run.work_dir)[-1]['coco/AP'])


def scalars_of_training(work_dir: Path) -> list:
    lines = min(work_dir.glob('*/vis_data/scalars.json')).read_text()
    return [json.loads(line) for line in lines.splitlines()]


@pytest.mark.slow
def test_training_resumes_where_it_stopped(run):
    before = scalars_of_training(run.work_dir)[-2]
    resumed = run.mim('train', '--resume', '--cfg-options',
                      f'train_cfg.max_epochs={EPOCHS + 1}')
    assert resumed.returncode == 0, resumed.stderr[-3000:]
    # A training that goes on after an epoch whose validation is due begins
    # with it.
    after = next(line for line in scalars(run.work_dir) if 'epoch' in line)
    assert after['epoch'] == before['epoch'] + 1
    assert after['loss'] == pytest.approx(before['loss'], rel=0.2)


@pytest.fixture(scope='module')
def inferencer(run, repo):
    return MMPoseInferencer(
        pose2d=str(repo / CONFIG),
        pose2d_weights=str(run.best),
        det_model='whole_image',
        device='cpu')


@pytest.fixture(scope='module')
def person(real_data):
    """The largest fully labelled person: crop and keypoints in its pixels."""
    coco = json.loads((real_data / 'coco/test_coco.json').read_text())
    person = max(coco['annotations'],
                 key=lambda ann: (ann['num_keypoints'], ann['area']))
    name, = (image['file_name'] for image in coco['images']
             if image['id'] == person['image_id'])
    x, y, w, h = map(int, person['bbox'])
    image = cv2.imread(str(real_data / 'coco' / name))
    keypoints = np.array(person['keypoints']).reshape(17, 3)
    return SimpleNamespace(
        image=image[y:y + h, x:x + w],
        keypoints=keypoints[:, :2] - (x, y),
        labelled=keypoints[:, 2] > 0)


def test_inferencer_finds_and_draws_a_person(inferencer, person, tmp_path):
    result = next(inferencer(person.image, out_dir=str(tmp_path)))
    found, = result['predictions'][0]
    error = np.linalg.norm(
        np.array(found['keypoints']) - person.keypoints, axis=1)
    assert np.median(error[person.labelled]) < 0.05 * max(person.image.shape)
    picture, = (tmp_path / 'visualizations').glob('*')
    drawn = cv2.imread(str(picture))
    assert drawn.shape == person.image.shape
    assert (np.abs(drawn.astype(int) - person.image).max(2) > 60).mean() > .01


@pytest.mark.slow
def test_inferencer_runs_on_a_video(inferencer, real_data, tmp_path):
    video = real_data / 'video' / 'posetrack_000001.mp4'
    frames = cv2.VideoCapture(str(video)).get(cv2.CAP_PROP_FRAME_COUNT)
    results = list(inferencer(str(video), out_dir=str(tmp_path)))
    assert len(results) == frames > 0
    assert all(len(r['predictions'][0][0]['keypoints']) == 17 for r in results)
    picture, = (tmp_path / 'visualizations').glob('*.mp4')
    assert cv2.VideoCapture(str(picture)).get(
        cv2.CAP_PROP_FRAME_COUNT) == frames
