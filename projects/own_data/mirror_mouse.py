# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""90 frames of a mouse: a small ViT from scratch beside what else one has.

For each seed a split of 72 and 18 frames, drawn at random, and on it
    mean   the mean position of each keypoint in the training frames,
    vit    `vitpose-mm finetune CollectedData.csv`,
    mae    the same after MAE on the frames of the unlabelled clip, once for
           all seeds (--encoder, or that of the first one's --pretrain),
    resnet MMPose's SimpleBaseline with a ResNet-18, from scratch, with the
           same augmentation, for the same time.
Goes on where it stopped; the JSON holds what is done.

    python projects/own_data/mirror_mouse.py MIRROR_MOUSE_FOLDER
"""
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path
from typing import List, Optional

import click
import numpy as np
import torch

from vitpose_mm.fileio import write_beside
from vitpose_tools.environment import versions
from vitpose_tools.progress import progress
from vitpose_tools.report.run import Run

RESULT = Path(__file__).parent / 'results' / 'mirror_mouse.json'
RESNET = '''
_base_ = ['./config.py']
# MMPose's SimpleBaseline, with decoder layers that few labels can fill.
model = dict(
    backbone=dict(_delete_=True, type='ResNet', depth=18),
    head=dict(
        in_channels=512, deconv_out_channels=(64, 64, 64),
        deconv_kernel_sizes=(4, 4, 4)))
# Its optimiser; steps of the rate at the same share of the epochs.
optim_wrapper = dict(
    _delete_=True, optimizer=dict(type='Adam', lr=5e-4))
max_epochs = {epochs}
train_cfg = dict(max_epochs=max_epochs, val_interval={interval})
default_hooks = dict(checkpoint=dict(interval={interval}))
param_scheduler = [
    dict(
        type='LinearLR', begin=0, end=50, start_factor=0.001,
        by_epoch=False),
    dict(
        type='MultiStepLR', begin=0, end=max_epochs,
        milestones=[max_epochs * 170 // 210, max_epochs * 200 // 210],
        gamma=0.1, by_epoch=True)
]
'''
# Of a config, to time a step with.
TRIAL_EPOCHS = 6


def finetune(source: Path, out: Path, seed: int, epochs: int,
             more: List[str]) -> dict:
    """Errors, and seconds of the stages, of one `vitpose-mm finetune`."""
    subprocess.run(
        [sys.executable, '-c', 'from vitpose_tools.cli import main; main()',
         'finetune', str(source), '--out', str(out), '--seed', str(seed),
         '--split', 'frame', '--epochs', str(epochs), '--no-flip', *more],
        check=True)
    return result(out)


def result(out: Path) -> dict:
    """Errors in page.json, and what is known of the stages."""
    page = json.loads((out / 'run' / 'page.json').read_text())
    stages = json.loads((out / 'stages.json').read_text())
    return dict(error=page['error'], per_keypoint=page['keypoints'],
                stages=stages)


def mean_pose(data: Path) -> dict:
    """Errors of the mean position of each keypoint, pixels."""
    train, val = (read_points(data / f'{name}.json')
                  for name in ('train', 'val'))
    errors = np.linalg.norm(val - np.nanmean(train, 0), axis=-1)
    return dict(mean=float(np.nanmean(errors)),
                median=float(np.nanmedian(errors)))


def read_points(path: Path) -> np.ndarray:
    """x, y in pixels, NaN where not labelled, (P, K, 2)."""
    people = json.loads(path.read_text())['annotations']
    points = np.array([person['keypoints'] for person in people], dtype=float)
    points = points.reshape(len(people), -1, 3)
    return np.where(points[..., 2:] > 0, points[..., :2], np.nan)


def train_resnet(vit: Path, out: Path, epochs: int) -> dict:
    """Train ResNet-18 on a run's data for the time of that many epochs."""
    out.mkdir(parents=True, exist_ok=True)
    stages = out / 'stages.json'
    if not stages.exists():
        vit_step = step_seconds(vit / 'config.py', out / 'trial_vit')
        trial = write_resnet(vit, out / 'trial', TRIAL_EPOCHS)
        step = step_seconds(trial, out / 'trial')
        epochs = max(2, round(epochs * vit_step / step))
        config = write_resnet(vit, out, epochs)
        mim('train', 'mmpose', str(config), '--work-dir', str(out / 'run'))
        write_beside(stages, lambda path: path.write_text(json.dumps(dict(
            epochs=epochs, step=step, vit_step=vit_step))))
    run = out / 'run'
    mim('test', 'mmpose', str(out / 'config.py'), '-C',
        str(Run(run).checkpoint), '--work-dir', str(run))
    subprocess.run(
        [sys.executable, '-c', 'from vitpose_tools.cli import main; main()',
         'report', str(run), '--page'], check=True)
    return result(out)


def write_resnet(vit: Path, out: Path, epochs: int) -> Path:
    """The config of a ResNet-18 on the data of a run."""
    out.mkdir(parents=True, exist_ok=True)
    text = RESNET.format(epochs=epochs, interval=max(1, epochs // 10))
    config = out / 'config.py'
    config.write_text(text.replace('./config.py', f'{vit}/config.py'))
    return config


def step_seconds(config: Path, out: Path) -> float:
    """Lower quartile of the time of a training step.

    Other programs of the machine only make steps longer.
    """
    run = out / 'run'
    mim('train', 'mmpose', str(config), '--work-dir', str(run),
        '--cfg-options', f'train_cfg.max_epochs={TRIAL_EPOCHS}',
        f'train_cfg.val_interval={TRIAL_EPOCHS + 1}',
        'default_hooks.logger.interval=1', 'log_processor.window_size=1')
    logs = run.glob('*/vis_data/scalars.json')
    lines = [json.loads(line) for file in logs
             for line in file.read_text().splitlines()]
    return float(np.quantile(
        [line['time'] for line in lines if 'loss' in line], 0.25))


def mim(*arguments: str) -> None:
    subprocess.run([sys.executable, '-m', 'mim', *arguments], check=True,
                   stdout=subprocess.DEVNULL)


@click.command()
@click.argument('folder', type=click.Path(exists=True, path_type=Path))
@click.option('--work-dir', default='work_dirs/mirror_mouse',
              type=click.Path(path_type=Path), show_default=True)
@click.option('--seed', 'seeds', multiple=True, default=(0, 1, 2), type=int,
              show_default=True)
@click.option('--epochs', default=100, show_default=True,
              help='Of the ViT; 72 frames are 4 steps.')
@click.option('--only', multiple=True,
              type=click.Choice(['mean', 'vit', 'mae', 'resnet']))
@click.option('--encoder', type=click.Path(exists=True, path_type=Path),
              help='Of an earlier --pretrain, mae/encoder.pth of its --out.')
@click.option('--out', default=RESULT, type=click.Path(path_type=Path))
def main(folder: Path, work_dir: Path, seeds: tuple, epochs: int, only: tuple,
         encoder: Optional[Path], out: Path) -> None:
    """Train all of them on the folder of mirror-mouse."""
    source = folder / 'CollectedData.csv'
    clip = folder / 'videos' / 'test_vid.mp4'
    encoder = encoder or work_dir / 'mae_0' / 'mae' / 'encoder.pth'
    rows = json.loads(out.read_text())['rows'] if out.exists() else {}
    kinds = only or ('vit', 'mean', 'resnet', 'mae')
    with progress('Runs', len(seeds) * len(kinds)) as advance:
        for seed in seeds:
            for kind in kinds:
                name = f'{kind} {seed}'
                if name not in rows:
                    rows[name] = run(kind, source, clip, encoder, work_dir,
                                     seed, epochs)
                    save(out, rows, epochs)
                advance()


def run(kind: str, source: Path, clip: Path, encoder: Path, work_dir: Path,
        seed: int, epochs: int) -> dict:
    """One row of the table."""
    start = time.time()
    vit = (work_dir / f'vit_{seed}').absolute()
    if kind == 'vit':
        found = finetune(source, vit, seed, epochs, [])
    elif kind == 'mae':
        other = work_dir / f'mae_{seed}'
        begin = ['--init', str(encoder)] if encoder.exists() else [
            '--pretrain', str(clip)]
        found = finetune(source, other, seed, epochs, begin)
    elif kind == 'mean':
        found = dict(error=mean_pose(vit / 'data'))
    else:
        resnet = (work_dir / f'resnet_{seed}').absolute()
        found = train_resnet(vit, resnet, epochs)
    return dict(found, wall_seconds=round(time.time() - start, 1))


def save(out: Path, rows: dict, epochs: int) -> None:
    content = dict(
        rows=rows, epochs=epochs, machine=platform.processor(),
        cores=os.cpu_count(), threads=torch.get_num_threads(),
        versions=versions())
    out.parent.mkdir(parents=True, exist_ok=True)
    write_beside(out, lambda path: path.write_text(
        json.dumps(content, indent=2)))


if __name__ == '__main__':
    main()
