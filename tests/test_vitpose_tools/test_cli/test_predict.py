# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import csv
import json
import os
import signal
import subprocess
import sys

import cv2
import numpy as np
import pytest
import torch
from click.testing import CliRunner
from mmengine.config import Config
from mmpose.apis import inference_topdown, init_model
from mmpose.registry import DATASETS, MODELS
from xtcocotools.coco import COCO

from vitpose_tools.cli import main


@pytest.fixture
def model(repo, tmp_path, fill):
    """Options of the quickstart's model with random weights."""
    base, = (repo / 'configs' / 'quickstart').glob('td-hm_ViTPose-tiny*synth*')
    config, weights = tmp_path / 'config.py', tmp_path / 'weights.pth'
    config.write_text(
        f'_base_ = [{str(base)!r}]\n'
        "model = dict(head=dict(decoder=dict(type='MSRAHeatmap', "
        'input_size=(96, 128), heatmap_size=(24, 32), sigma=2)))\n')
    meta = DATASETS.build(dict(type='CocoDataset', lazy_init=True)).metainfo
    torch.save(dict(
        state_dict=fill(MODELS.build(
            Config.fromfile(config).model)).state_dict(),
        meta=dict(dataset_meta=meta)), weights)
    return ['--config', str(config), '--checkpoint', str(weights)]


@pytest.fixture
def film(tmp_path):
    """An endless video, nearly."""
    path = tmp_path / 'lauf ä.avi'
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*'MJPG'), 25.,
                             (64, 48))
    rng = np.random.default_rng(0)
    for _ in range(4000):
        writer.write(rng.integers(0, 255, (48, 64, 3), np.uint8))
    writer.release()
    return path


def invoke(*args, stdin=None):
    return CliRunner().invoke(main, ['predict', *map(str, args)],
                              catch_exceptions=False, input=stdin)


def test_results_are_those_of_mmpose_in_the_boxes_of_a_file(
        model, real_data, tmp_path):
    images = sorted((real_data / 'coco').glob('*.jpg'))
    numbers = [int(path.stem) for path in images]
    boxes = tmp_path / 'boxes.json'
    boxes.write_text(json.dumps([
        dict(image_id=number, category_id=1, bbox=[20 * n, 10, 150, 200],
             score=.5) for number in numbers[:3] for n in range(3)]))
    out = tmp_path / 'out'
    result = invoke(real_data / 'coco', *model, '--boxes', boxes, '--out',
                    out, '--batch', 4, '--json')
    assert result.exit_code == 0, result.output
    summary = json.loads(result.stdout)
    assert (summary['frames'], summary['people']) == (len(images), 9)
    found = COCO(str(out / 'images.json')).loadRes(
        str(out / 'predictions.json'))
    stock = init_model(model[1], model[3], 'cpu')
    for path, number in zip(images[:3], numbers):
        samples = inference_topdown(stock, str(path), np.array(
            [[20 * n, 10, 20 * n + 150, 210] for n in range(3)], np.float32))
        people = found.imgToAnns[number]
        assert len(people) == 3
        for sample, person in zip(samples, people):
            np.testing.assert_allclose(
                np.reshape(person['keypoints'], (-1, 3))[:, :2],
                sample.pred_instances.keypoints[0], atol=.01)


def test_unreadable_inputs_are_named_at_the_end(model, tmp_path):
    good = tmp_path / 'gut 1.png'
    cv2.imencode('.png', np.zeros((40, 50, 3), np.uint8))[1].tofile(good)
    (tmp_path / 'leer.jpg').touch()
    (tmp_path / 'text.mp4').write_text('no video')
    listed = '\n'.join(map(str, [tmp_path / 'leer.jpg', good, '',
                                 tmp_path / 'text.mp4', 'absent.jpg']))
    result = invoke('-', *model, '--whole-image', '--out', tmp_path / 'out',
                    stdin=listed + '\n')
    assert result.exit_code == 0, result.output
    lines = result.stderr.splitlines()
    for said in ('leer.jpg cannot be read as an image: it is empty',
                 'text.mp4 is no video', 'absent.jpg: there is no such file'):
        assert any(said in line for line in lines)
    assert '1 people in 1 frames' in result.stdout
    assert '3 inputs could not be read' in result.stdout

    nothing = invoke(tmp_path / 'leer.jpg', *model, '--whole-image', '--out',
                     tmp_path / 'out2')
    assert nothing.exit_code == 1


@pytest.mark.parametrize('options, said', [
    ([], '--boxes FILE, or --detector CONFIG WEIGHTS, or --whole-image'),
    (['--whole-image', '--format', 'xlsx'], "'xlsx' is no format"),
    (['--boxes', 'absent.json'], 'absent.json'),
    (['--whole-image', '--dataset', 'ap10k'], "keypoints of 'coco', not"),
    (['--whole-image', '--out', '.'], 'is not an empty folder')])
def test_what_cannot_be_is_one_sentence(model, tmp_path, options, said,
                                        monkeypatch):
    monkeypatch.chdir(tmp_path)
    cv2.imwrite(str(tmp_path / 'a.png'), np.zeros((40, 50, 3), np.uint8))
    result = invoke('a.png', *model, *options)
    assert result.exit_code == 1
    assert said in result.stderr.splitlines()[-1]


@pytest.mark.parametrize('arguments, said', [
    (['--model', 'x'], 'nothing to look at'),
    (['a.png'], 'give --model NAME, or --config'),
    (['a.png', '-', '--model', 'x'], '- is a list of all inputs'),
    (['a.png', '--model', 'x', '--whole-image', '--boxes', 'b'], 'exclude'),
    (['a.png', '--model', 'x', '--every', '3'], '--every is for --detector')])
def test_options_that_disagree_are_a_usage_error(arguments, said):
    result = invoke(*arguments)
    assert result.exit_code == 2 and said in result.output


def test_ctrl_c_leaves_complete_files(model, film, tmp_path):
    out = tmp_path / 'out'
    process = subprocess.Popen(
        [sys.executable, '-c', 'from vitpose_tools.cli import main; main()',
         'predict', str(film),
         *model, '--whole-image', '--out', str(out), '--format', 'coco',
         '--format', 'csv', '--json'],
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=dict(os.environ, OMP_NUM_THREADS='1'))
    # The first line of its progress, after ten seconds.
    assert any('Finding keypoints:' in line for line in process.stderr)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=120)
    assert process.returncode == 130, stderr
    summary = json.loads(stdout)
    assert summary['stopped'] and 0 < summary['frames'] < 4000
    assert sorted(os.listdir(out)) == ['images.json', 'predictions.csv',
                                       'predictions.json']
    people = json.loads((out / 'predictions.json').read_text())
    assert len(people) == summary['people'] == summary['frames']
    with open(out / 'predictions.csv', newline='') as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 17 * summary['frames']
    assert {int(row['frame']) for row in rows} == set(
        range(summary['frames']))


def test_help_is_there_without_torch():
    code = ("import sys; sys.argv = ['vitpose-mm', 'predict', '--help']\n"
            'from vitpose_tools.cli import main\n'
            'try:\n    main()\nexcept SystemExit: pass\n'
            "assert 'torch' not in sys.modules and 'cv2' not in sys.modules")
    done = subprocess.run([sys.executable, '-c', code], capture_output=True,
                          text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert 'Examples:' in done.stdout
