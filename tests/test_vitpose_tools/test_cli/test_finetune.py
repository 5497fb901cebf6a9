# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""The command as people type it, from labels to a page."""
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from mmengine.config import Config

from vitpose_tools.cli.finetune import SIZES
from vitpose_tools.own_data.presets import PRESETS

START = [sys.executable, '-c',
         'import sys; sys.argv[0] = "vitpose-mm"; '
         'from vitpose_tools.cli import main; main()']


def finetune(*arguments, code: int = 0) -> subprocess.CompletedProcess:
    done = subprocess.run(
        [*START, 'finetune', *map(str, arguments)], capture_output=True,
        text=True, timeout=1200, env=dict(os.environ, OMP_NUM_THREADS='1'))
    assert done.returncode == code, done.stdout + done.stderr
    assert 'Traceback' not in done.stderr
    return done


@pytest.fixture
def files(labelled, tmp_path):
    """--train, --val, --images and --out of drawn dots."""

    def write(**options) -> list:
        return ['--train', labelled('train', **options),
                '--val', labelled('val', **options),
                '--images', tmp_path / 'images', '--out', tmp_path / 'run']

    return write


def test_every_size_has_its_preset():
    assert SIZES == tuple(PRESETS)


def test_dry_run_writes_what_can_be_trained(files, tmp_path):
    done = finetune(*files(), '--dry-run')

    config = Config.fromfile(tmp_path / 'run' / 'config.py')
    assert config.model.head.out_channels == 4
    assert f'mim train mmpose {tmp_path / "run" / "config.py"}' in done.stdout
    assert 'Mirrored pictures: on (pairs left_paw/right_paw)' in done.stderr


def test_own_edits_stay(files, tmp_path):
    arguments = files()
    finetune(*arguments, '--dry-run')
    config = tmp_path / 'run' / 'config.py'
    config.write_text(config.read_text() + '\n# mine\n')
    done = finetune(*arguments, '--dry-run')

    assert config.read_text().endswith('# mine\n')
    assert 'used as they are' in done.stderr
    assert 'as they were when they were checked' in done.stderr


@pytest.mark.parametrize('arguments, message', [
    ([], 'Give SOURCE, or --train'),
    (['--train', __file__], '--train needs --val and --images'),
    (['/nowhere.csv'], 'does not exist'),
    ([__file__], 'test_finetune.py'),
])
def test_calls_that_cannot_be_meant(tmp_path, arguments, message):
    done = subprocess.run(
        [*START, 'finetune', *arguments, '--out', str(tmp_path / 'run')],
        capture_output=True, text=True, timeout=300)

    assert done.returncode != 0
    assert message in done.stderr and 'Traceback' not in done.stderr


def test_folders_of_somebody_else_are_left_alone(files, tmp_path):
    config = tmp_path / 'run' / 'config.py'
    config.parent.mkdir()
    config.write_text('a = 1')
    for more in ([], ['--fresh']):
        done = finetune(*files(), '--dry-run', *more, code=1)
        assert 'choose another --out' in done.stderr
    assert config.read_text() == 'a = 1'


def test_weights_that_are_nowhere(files):
    done = finetune(*files(), '--init', 'none.pth', code=1)

    assert '--init none.pth was not loaded: there is no such file' in \
        done.stderr


def test_faults_of_the_data_stop_it_before_the_training(files, tmp_path):
    arguments = files()
    path = Path(arguments[1])
    content = json.loads(path.read_text())
    content['annotations'][0]['keypoints'][0] = float('nan')
    path.write_text(json.dumps(content))

    done = finetune(*arguments, code=1)

    assert 'NaN' in done.stderr
    assert not (tmp_path / 'run' / 'run').exists()


@pytest.mark.slow
@pytest.mark.parametrize('options', [
    dict(count=3), dict(names=['one']), dict(count=5, whole=True),
], ids=['three images', 'one keypoint', 'whole images'])
def test_few_labels_give_a_result(files, tmp_path, options):
    run = tmp_path / 'run' / 'run'
    done = finetune(*files(**options), '--epochs', 2, '--batch', 2, '--json')

    page = json.loads((run / 'page.json').read_text())
    assert (run / 'page.html').exists() and list(run.glob('best_*.pth'))
    # MMPose's own metric of the same test.
    metrics = json.loads(done.stdout)['metrics']
    assert page['error']['mean'] == pytest.approx(metrics['EPE'], rel=1e-4)
    again = finetune(*files(**options))
    assert 'Testing' in again.stderr
    config = tmp_path / 'run' / 'config.py'
    assert 'yours to edit' in config.read_text()
    config.write_text(config.read_text() + '\n# mine\n')
    changed = finetune(*files(**options), code=1)
    assert 'changed since this training began' in changed.stderr


@pytest.mark.slow
def test_from_a_table_of_deeplabcut_to_a_page(real_data, tmp_path):
    """The real mouse, two epochs of it."""
    folder = real_data / 'mirror-mouse'
    run = tmp_path / 'run'
    finetune(folder / 'CollectedData.csv', '--out', run, '--epochs', 2,
             '--split', 'frame')

    numbers = json.loads((run / 'run' / 'page.json').read_text())
    assert len(numbers['keypoints']) == 17
    train = json.loads((run / 'data' / 'train.json').read_text())
    assert len(train['images']) == 72
    assert train['annotations'][0]['bbox'][:2] == [0, 0]


@pytest.mark.slow
@pytest.mark.parametrize('kind, train', [
    ('coco', 'test_coco.json'), ('ap10k', 'test_ap10k.json')])
def test_published_files_are_own_data_too(real_data, tmp_path, kind, train):
    folder = real_data / kind
    run = tmp_path / 'run'
    finetune('--train', folder / train, '--val', folder / train, '--images',
             folder, '--out', run, '--epochs', 1)

    assert (run / 'run' / 'page.html').exists()
