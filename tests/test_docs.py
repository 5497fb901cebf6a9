# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""What the README and the pages of docs/ name exists, and runs as written."""
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import click
import mmdet
import pytest
import torch
from mmengine.config import Config
from mmpose.models import build_pose_estimator
from pages import PAGES, ROOT, blocks, commands

from vitpose_tools.cli import main
from vitpose_tools.predict.detector import Detector


@pytest.mark.parametrize('page', PAGES, ids=lambda page: page.name)
def test_links_and_configs_exist(page):
    text = page.read_text()
    for link in re.findall(r'\]\((?!http|#)([^)#]+)', text):
        assert (page.parent / link).exists(), link
    for config in re.findall(r'\bconfigs/[\w/.-]+\.py', text):
        if 'NAME' not in config and '...' not in config:
            assert (ROOT / config).exists(), config


@pytest.mark.parametrize('page', PAGES, ids=lambda page: page.name)
def test_our_commands_and_their_options_exist(page):
    for line in commands(page, 'vitpose-mm'):
        words = shlex.split(line, comments=True)[1:]
        command, context = main, click.Context(main)
        while isinstance(command, click.Group):
            name = words.pop(0)
            command = command.get_command(context, name)
            assert command is not None, line
        options = {opt for param in command.params for opt in param.opts}
        for word in words:
            assert not word.startswith('-') or word in options, line


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """What quickstart.sh leaves behind, in small: data and epochs."""
    folder = tmp_path_factory.mktemp('clone')
    (folder / 'configs').symlink_to(ROOT / 'configs')
    for line in commands(ROOT / 'docs' / 'data.md', 'vitpose-mm'):
        run(re.sub(r'--images \d+', '--images 24', line), folder)
    config, = (ROOT / 'configs' / 'quickstart').glob(
        'td-hm_ViTPose-tiny_*_synth-*')
    run(
        f'mim train mmpose configs/quickstart/{config.name} '
        '--work-dir work_dirs/quickstart', folder)
    return folder


def run(line: str, folder: Path) -> str:
    done = subprocess.run(
        line,
        shell=True,
        cwd=folder,
        env={
            **{k: v for k, v in os.environ.items() if k != 'VITPOSE_DATA'},
            'PATH': f'{Path(sys.executable).parent}:{os.environ["PATH"]}'
        },
        capture_output=True,
        text=True,
        timeout=1800)
    assert done.returncode == 0, line + done.stdout[-2000:] + \
        done.stderr[-2000:]
    return done.stdout


@pytest.mark.slow
def test_readme_runs_as_written(folder):
    readme = ROOT / 'README.md'
    tests = commands(readme, 'mim test')
    assert len(tests) == 1
    assert 'coco/AP' in run(tests[0], folder)
    assert 'can train' in run('vitpose-mm doctor', folder)
    reports = commands(readme, 'vitpose-mm report')
    assert len(reports) == 1
    assert 'contact_sheet.png' in run(reports[0], folder)
    snippet, = (b for b in blocks(readme, 'python') if 'Inferencer' in b)
    snippet += "print(result['predictions'])"
    (folder / 'snippet.py').write_text(snippet)
    assert 'keypoint_scores' in run(f'{sys.executable} snippet.py', folder)
    assert list((folder / 'out' / 'visualizations').glob('*.jpg'))


@pytest.mark.slow
def test_own_data_runs_as_written(real_data, tmp_path):
    """The whole page in its order on the real mouse, with few epochs."""
    mouse = real_data / 'mirror-mouse'
    for folder in (tmp_path, tmp_path / 'mouse'):
        folder.mkdir(exist_ok=True)
        for name in ('CollectedData.csv', 'labeled-data'):
            (folder / name).symlink_to(mouse / name)
    (tmp_path / 'walk.mp4').symlink_to(mouse / 'videos' / 'test_vid.mp4')
    lines = commands(ROOT / 'docs' / 'own_data.md', 'vitpose-mm')
    assert len(lines) >= 6
    for line in lines:
        if ' suggest ' in line:
            best, = tmp_path.glob('work_dirs/mouse/run/best_*.pth')
            line = re.sub(r'best_\w+\.pth', best.name, line) + ' --every 200'
        elif ' --pretrain ' in line:  # A quarter of an hour; tested in small.
            line += ' --dry-run'
        elif ' finetune ' in line:
            line += ' --epochs 2'
        run(line, tmp_path)
    assert (tmp_path / 'work_dirs' / 'mouse' / 'run' / 'page.html').exists()
    assert (tmp_path / 'next' / 'coco.json').exists()


@pytest.mark.slow
def test_analyze_runs_as_written(folder):
    """The whole page in its order; the joint model has random weights."""
    config, = (ROOT / 'configs' / 'quickstart').glob(
        'td-hm_ViTPose-plus-tiny_*')
    model = build_pose_estimator(Config.fromfile(config).model)
    weights = folder / 'work_dirs' / 'plus-tiny' / 'epoch_150.pth'
    weights.parent.mkdir()
    torch.save(dict(state_dict=model.state_dict()), weights)
    page = ROOT / 'docs' / 'analyze.md'
    lines = commands(page, '(?:mim|vitpose-mm)')
    assert len(lines) == 7
    for line in lines:
        run(line, folder)
    pictures = {path.stem for path in folder.glob('analysis/*/*.png')}
    assert pictures == {
        'experts', 'experts_weights', 'experts_outputs', 'attention',
        'attention_by_block', 'errors', 'calibration', 'worst'}
    assert len(list(folder.glob('analysis/*/*.json'))) == 6


@pytest.fixture(scope='module')
def day_two(folder, real_data):
    """The files that the pages on predict and export name, in the folder."""
    images = folder / 'data' / 'synth' / 'val' / 'images'
    (folder / 'images').symlink_to(images)
    shutil.copy(min(images.iterdir()), folder / 'person.jpg')
    shutil.copy(
        real_data / 'video' / 'posetrack_000001.mp4', folder / 'walk.mp4')
    quickstart, = (ROOT / 'configs' / 'quickstart').glob(
        'td-hm_ViTPose-tiny_*_synth-*')
    (folder / 'my_config.py').write_text(f'_base_ = [{str(quickstart)!r}]\n')
    (folder / 'my.pth').symlink_to(
        max((folder / 'work_dirs' / 'quickstart').glob('epoch_*.pth')))
    mouse = folder / 'work_dirs' / 'mouse'
    (mouse / 'run').mkdir(parents=True)
    shutil.copy(folder / 'my_config.py', mouse / 'config.py')
    shutil.copy(folder / 'my.pth', mouse / 'run' / 'best_coco_AP_epoch_7.pth')
    annotations = json.loads(
        (images.parent / 'annotations.json').read_text())
    (folder / 'detections.json').write_text(json.dumps([
        dict(image_id=ann['image_id'], bbox=ann['bbox'], score=.9,
             category_id=1, file_name=f'{ann["image_id"]:012}.jpg')
        for ann in annotations['annotations']]))
    stock = Path(mmdet.__file__).parent / (
        '.mim/configs/rtmdet/rtmdet_tiny_8xb32-300e_coco.py')
    (folder / 'rtmdet.py').write_text(f'_base_ = [{str(stock)!r}]\n')
    model = Detector(folder / 'rtmdet.py', None, device='cpu').model
    torch.save(dict(state_dict=model.state_dict()), folder / 'rtmdet.pth')
    return folder


@pytest.mark.slow
def test_export_runs_as_written(day_two):
    """All but TensorRT's, with the quickstart's model."""
    page = ROOT / 'docs' / 'export.md'
    lines = commands(page, '(?:python|vitpose-mm)')
    assert len(lines) == 5
    for line in lines:
        if 'tensorrt' in line or '--dtype float16' in line:
            continue
        line = line.replace('CONFIG CHECKPOINT', 'my_config.py my.pth')
        run(line.replace('projects/', f'{ROOT}/projects/'), day_two)
    assert (day_two / 'drawn.png').exists()
    snippet, = blocks(page, 'python')
    (day_two / 'snippet.py').write_text(
        'import numpy as np\ncrops = np.zeros((3, 128, 96, 3), np.uint8)\n'
        f'{snippet}print(keypoints.shape, scores.shape)')
    printed = run(f'{sys.executable} snippet.py', day_two)
    assert '(3, 17, 2) (3, 17)' in printed
    assert 'left_shoulder' in printed


@pytest.mark.slow
def test_predict_runs_as_written(day_two):
    """A file in the place of the published model."""
    run('vitpose-mm export my_config.py my.pth --to torch-export '
        '--out vitpose-base.pt2', day_two)
    page = ROOT / 'docs' / 'predict.md'
    lines = [line for block in blocks(page, 'bash')
             for line in block.splitlines() if 'vitpose-mm predict' in line]
    assert len(lines) == 4
    for line in lines:
        line = line.replace('vitpose-base', 'vitpose-base.pt2')
        run(line.replace('find . ', 'find images/ '), day_two)
        written = list((day_two / 'predictions').iterdir())
        assert written, line
        shutil.rmtree(day_two / 'predictions')
    snippet, = blocks(page, 'python')
    snippet = snippet.replace('vitpose-base', 'vitpose-base.pt2')
    (day_two / 'snippet.py').write_text(
        f'{snippet}print(poses.keypoints.shape, poses.scores.shape)')
    printed = run(f'{sys.executable} snippet.py', day_two)
    assert '(1, 17, 2) (1, 17)' in printed
