# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""How large the tag loss should be, measured on drawn crowds.

Trains the quickstart's bottom-up model (192x192, three people per image) with
the tag loss of MMPose 0.x, of MMPose 1.x and of the quickstart, each beside
the same heatmap loss, and writes the AP of every epoch. Draws the crowds of
docs/bottom_up.md first if they are not there, and goes on where it stopped.
CHECKPOINT is what the quickstart leaves behind.

    python projects/bottom_up/tag_loss.py --init CHECKPOINT
"""
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import click

from vitpose_mm.fileio import write_beside
from vitpose_tools.environment import devices, versions
from vitpose_tools.progress import progress

ROOT = Path(__file__).parents[2]
CONFIG = 'configs/quickstart/ae_ViTPose-tiny_1xb4-5e_crowd-192x192.py'
RESULT = Path(__file__).parent / 'results' / 'tag_loss.json'
HEATMAP = 20.  # weight of the heatmap loss in the config
# Weights of pull and push for a heatmap loss of weight 1 and a mean over the
# images of the batch.
LOSSES = dict(
    mmpose_0x=(0.001, 0.001),  # published configs
    mmpose_1x=(0.024, 0.012),  # 0.001 and 0.0005, of the sum over 24 images
    equal=(0.024, 0.024),
    quickstart=(0.002, 0.004))


def train(name: str, seed: int, epochs: int, init: Path, data: Path,
          work_dir: Path, workers: int) -> dict:
    """Train one model.

    Returns:
        The row: weights, seed, AP after each epoch, seconds.
    """
    pull, push = LOSSES[name]
    run = work_dir / f'{name}_{seed}'
    start = time.perf_counter()
    options = {
        'randomness.seed': seed, 'load_from': init,
        'model.head.tag_loss.loss_weight': HEATMAP * pull,
        'model.head.tag_loss.push_loss_factor': push / pull,
        'train_cfg.max_epochs': epochs, 'param_scheduler.1.end': epochs,
        'train_dataloader.num_workers': workers,
        'train_dataloader.persistent_workers': workers > 0}
    with (work_dir / f'{name}_{seed}.log').open('w') as log:
        subprocess.run(
            [sys.executable, '-m', 'mim', 'train', 'mmpose', CONFIG,
             '--work-dir', str(run), '--cfg-options',
             *(f'{key}={value}' for key, value in options.items())],
            cwd=ROOT, env={**os.environ, 'VITPOSE_DATA': str(data)},
            stdout=log, stderr=log, check=True)
    return dict(
        tag_loss=name, pull=pull, push=push, seed=seed,
        AP=average_precisions(run), seconds=time.perf_counter() - start)


def average_precisions(run: Path) -> list:
    """AP after each epoch."""
    lines = max(run.glob('*/vis_data/scalars.json')).read_text().splitlines()
    return [line['coco/AP'] for line in map(json.loads, lines)
            if 'coco/AP' in line]


def draw(data: Path) -> None:
    for name, images, seed in (('train', 6000, 1), ('val', 200, 2)):
        subprocess.run(
            [sys.executable, '-c', 'from vitpose_tools.cli import main; '
             'main()', 'synth', str(data / 'crowd' / name), '--images',
             str(images), '--seed', str(seed), '--people', '3'], check=True)


@click.command()
@click.option('--init', type=click.Path(path_type=Path, exists=True),
              required=True, help="The quickstart's checkpoint.")
@click.option('--loss', 'losses', multiple=True, default=list(LOSSES),
              type=click.Choice(list(LOSSES)), show_default=True)
@click.option('--seeds', default=2, show_default=True)
@click.option('--epochs', default=5, show_default=True)
@click.option('--jobs', default=1, show_default=True, help='At once.')
@click.option('--workers', default=0, show_default=True,
              help="Processes of each training's loader.")
@click.option('--data', type=click.Path(path_type=Path), default=ROOT / 'data',
              help='Folder that holds crowd/ or gets it.')
@click.option('--work-dir', type=click.Path(path_type=Path),
              default=ROOT / 'work_dirs' / 'tag_loss')
@click.option('--out', type=click.Path(path_type=Path), default=RESULT,
              show_default=True)
def main(init: Path, losses: tuple, seeds: int, epochs: int, jobs: int,
         workers: int, data: Path, work_dir: Path, out: Path) -> None:
    """Compare tag losses on drawn crowds."""
    draw(data)
    work_dir.mkdir(parents=True, exist_ok=True)
    result = json.loads(out.read_text()) if out.exists() else dict(rows=[])
    result['environment'] = dict(versions(), devices=devices())
    done = {(row['tag_loss'], row['seed']) for row in result['rows']}
    wanted = [(name, seed) for seed in range(seeds) for name in losses
              if (name, seed) not in done]
    with ThreadPoolExecutor(jobs) as pool, \
            progress('Training', len(wanted)) as advance:
        runs = [pool.submit(train, name, seed, epochs, init.resolve(),
                            data.resolve(), work_dir.resolve(), workers)
                for name, seed in wanted]
        for run in as_completed(runs):
            row = run.result()
            result['rows'].append(dict(row, epochs=epochs))
            write_beside(out, lambda path: path.write_text(
                json.dumps(result, indent=2) + '\n'))
            click.echo(f'{row["tag_loss"]:12} seed {row["seed"]} '
                       + ' '.join(f'{ap:.3f}' for ap in row['AP']))
            advance()


if __name__ == '__main__':
    main()
