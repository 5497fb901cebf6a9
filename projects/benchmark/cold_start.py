# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""One image from a cold start, beside the import of MMPose alone.

Whole processes in turns, so that whatever else the machine does meets both.

    python projects/benchmark/cold_start.py CONFIG CHECKPOINT IMAGE --out FILE
"""
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

import click

from vitpose_mm.fileio import write_beside
from vitpose_tools.environment import devices, versions

IMPORT = 'import mmpose.apis'
PREDICT = '''
import sys
from vitpose_tools import Predictor
config, checkpoint, image = sys.argv[1:]
assert len(Predictor(config, checkpoint)(image, 'whole-image').keypoints) == 1
'''


def seconds(code: str, *arguments: str) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, '-c', code, *arguments], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - began


@click.command()
@click.argument('config')
@click.argument('checkpoint')
@click.argument('image')
@click.option('--rounds', default=7, show_default=True)
@click.option('--out', type=click.Path(path_type=Path), required=True)
def main(config: str, checkpoint: str, image: str, rounds: int,
         out: Path) -> None:
    """Measure both in turns."""
    taken = {'import mmpose.apis': [], 'Predictor, one image': []}
    for code in (IMPORT, PREDICT):  # files of both into the disk's cache
        seconds(code, config, checkpoint, image)
    for _ in range(rounds):
        for name, code in zip(taken, (IMPORT, PREDICT)):
            taken[name].append(seconds(code, config, checkpoint, image))
    alone, ours = taken.values()
    ratios = sorted(b / a for a, b in zip(alone, ours))
    found = dict(
        ratio=median(ratios), ratios=ratios, seconds=taken,
        config=Path(config).name, threads=os.environ.get('OMP_NUM_THREADS'),
        devices=devices(), versions=versions())
    write_beside(out, lambda path: path.write_text(
        json.dumps(found, indent=2)))
    click.echo(f'{found["ratio"]:.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})')


if __name__ == '__main__':
    main()
