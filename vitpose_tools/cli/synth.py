# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import json
import time
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Optional

import click

from vitpose_tools.pool import cores
from vitpose_tools.progress import progress

# Those of vitpose_tools.synth, which `--help` does not wait for.
SKELETON_NAMES = ('person', 'person_14', 'person_16', 'whole_body_40',
                  'dog_17', 'giraffe_17')


@click.command()
@click.argument('out', type=click.Path(path_type=Path))
@click.option(
    '--images',
    type=click.IntRange(1),
    required=True,
    help='Number of images.')
@click.option(
    '--seed',
    type=click.IntRange(0),
    required=True,
    help='Seed; two seeds give two unrelated datasets.')
@click.option(
    '--skeleton',
    type=click.Choice(SKELETON_NAMES),
    default='person',
    show_default=True,
    help='Who is drawn, and with which keypoints.')
@click.option(
    '--hard',
    is_flag=True,
    help='Things in front of bodies, blur, and images of 160x120.')
@click.option(
    '--people',
    type=click.IntRange(1, 12),
    show_default='1 to 4',
    help='People, or animals, in each image.')
@click.option(
    '--workers',
    type=click.IntRange(1),
    default=cores,
    show_default='all cores',
    help='Number of processes; the result does not depend on it.')
@click.option(
    '--overwrite', is_flag=True, help='Replace another dataset in OUT.')
@click.option('--json', 'as_json', is_flag=True, help='Print JSON instead.')
def command(out: Path, images: int, seed: int, skeleton: str, hard: bool,
            people: Optional[int], workers: int, overwrite: bool,
            as_json: bool) -> None:
    """Draw a COCO keypoint dataset of articulated people or animals.

    \b
    Writes OUT/images/000000000001.jpg ...  320x240 or 240x320
           OUT/annotations.json             COCO's form
           OUT/metainfo.py                  the keypoints, for MMPose
           OUT/request.json                 what was asked for

    The same seed gives the same files. annotations.json comes last: after an
    interrupted run, the same command draws the dataset anew; after a complete
    one, it does nothing.

    \b
    Examples (the quickstart's training and held-out sets):
      vitpose-mm synth data/synth/train --images 3000 --seed 1
      vitpose-mm synth data/synth/val --images 200 --seed 2
    \b
    Other bodies:
      vitpose-mm synth data/dogs --skeleton dog_17 --images 500 --seed 1
    """
    from vitpose_tools.synth import SKELETONS, write_dataset
    start = time.perf_counter()
    try:
        with progress('Drawing images', images) as on_image:
            drawn = write_dataset(SKELETONS[skeleton], out, images, seed,
                                  workers, overwrite, on_image, people, hard)
    except BrokenProcessPool:
        raise click.ClickException(
            'A drawing process was killed, probably for want of memory; run '
            f'this again with fewer than --workers {workers}.')
    except ValueError as error:
        raise click.ClickException(
            f'{error}. Choose an empty folder, or replace its dataset with '
            '--overwrite.')
    seconds = round(time.perf_counter() - start, 1)
    if as_json:
        click.echo(
            json.dumps(
                dict(
                    out=str(out),
                    images=images,
                    seed=seed,
                    drawn=drawn,
                    seconds=seconds)))
    elif drawn:
        click.echo(f'Drew {images} images into {out} in {seconds} s.')
    else:
        click.echo(f'{out} is complete: {images} images of seed {seed}.')
