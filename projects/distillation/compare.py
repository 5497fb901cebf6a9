# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""A small student with and without a teacher, on drawn people.

Run it after tools/quickstart.sh, whose data and model it takes as data and
teacher:

    python projects/distillation/compare.py

Each training is one stock ``mim train``; one that is done is not run again.
"""
import subprocess
import sys
from pathlib import Path
from typing import Tuple

import click
import numpy as np

from vitpose_tools.benchmark import environment, write_result
from vitpose_tools.report.run import Run, RunError

ROOT = Path(__file__).resolve().parents[2]
CONFIG = 'configs/quickstart/td-hm_ViTPose-{}_1xb16-16e_synth-128x96.py'
STUDENTS = ('nano', 'nano-distill')
RESULT = Path(__file__).parent / 'results.json'


def train(student: str, seed: int, work_dir: Path,
          options: Tuple[str, ...]) -> float:
    """Train a student unless that is done.

    Returns:
        AP after the last epoch.

    Raises:
        click.ClickException: If the training fails.
    """
    try:
        metrics = Run(work_dir).test_metrics()
    except RunError:
        metrics = {}
    if 'coco/AP' not in metrics:
        command = [
            sys.executable, '-m', 'mim', 'train', 'mmpose',
            CONFIG.format(student), '--work-dir',
            str(work_dir), '--cfg-options', f'randomness.seed={seed}', *options
        ]
        if subprocess.run(command, cwd=ROOT).returncode:
            raise click.ClickException(
                f'{student} with seed {seed} failed, see its output above; '
                'has tools/quickstart.sh been run?')
        metrics = Run(work_dir).test_metrics()
    return metrics['coco/AP']


@click.command()
@click.option('--seeds', default=3, show_default=True)
@click.option(
    '--work-dir',
    type=click.Path(path_type=Path),
    default=ROOT / 'work_dirs' / 'distillation')
@click.option('--out', type=click.Path(path_type=Path), default=RESULT)
@click.argument('options', nargs=-1)
def main(seeds: int, work_dir: Path, out: Path, options: Tuple[str,
                                                               ...]) -> None:
    """Train, print a table and write JSON. OPTIONS go to --cfg-options."""
    scores = {student: [] for student in STUDENTS}
    for seed in range(seeds):
        for student in STUDENTS:
            folder = work_dir.resolve() / f'{student}-{seed}'
            scores[student].append(train(student, seed, folder, options))
            click.echo(f'{student:14s} seed {seed}  '
                       f'AP {scores[student][-1]:.3f}')
    gains = np.subtract(*(scores[student] for student in STUDENTS[::-1]))
    click.echo(f'gain by distillation: {np.round(gains, 3).tolist()}, '
               f'mean {gains.mean():.3f}')
    write_result(
        out,
        dict(
            environment=environment(),
            seeds=list(range(seeds)),
            ap=scores,
            gain=gains.tolist()))


if __name__ == '__main__':
    main()
