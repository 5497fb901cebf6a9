# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import json
from pathlib import Path
from typing import Optional, Tuple

import click

from vitpose_tools.progress import progress
from .data_check import command as check
from .data_import import command as data_import


@click.group()
def command() -> None:
    """Bring labels of your own, check them, convert published files.

    \b
    vitpose-mm data import CollectedData.csv data/mouse
    vitpose-mm data check data/mouse/train.json --images data/mouse/images
    vitpose-mm data apt36k apt36k_annotations.json data/apt36k/annotations \\
        --images data/apt36k/images
    vitpose-mm data aic keypoint_train_annotations_20170909.json \\
        data/aic/annotations/aic_train.json --images keypoint_train_images
    """


command.add_command(data_import, 'import')
command.add_command(check, 'check')


@command.command()
@click.argument('raw', type=click.Path(path_type=Path))
@click.argument('out_dir', type=click.Path(path_type=Path))
@click.option('--images', type=click.Path(path_type=Path),
              help='Folder of the images (species/clip/frame): find folders '
              'that were unpacked under another name, leave out what is '
              'missing. Without it, images are not looked at.')
@click.option('--seed', default=0, show_default=True,
              help='Another seed, another split.')
@click.option('--ratio', nargs=3, type=click.FloatRange(0, min_open=True),
              default=(7, 1, 2), show_default=True,
              help='Videos for training, validation and test.')
@click.option('--json', 'as_json', is_flag=True, help='Print JSON.')
def apt36k(raw: Path, out_dir: Path, images: Optional[Path], seed: int,
           ratio: Tuple[float, float, float], as_json: bool) -> None:
    """Repair APT-36K's annotation file and split it by video.

    Writes OUT_DIR/apt36k_train.json, apt36k_val.json and apt36k_test.json.
    The frames of a video stay together, and each species is split by itself.
    The authors' own split is not public: results on another one cannot be
    compared with theirs.

    \b
    vitpose-mm data apt36k apt36k_annotations.json data/apt36k/annotations \\
        --images data/apt36k/images
    """
    from vitpose_tools.annotations import (AnnotationError, convert_apt36k,
                                           read_json, write_json)
    try:
        splits, repairs = convert_apt36k(
            read_json(raw, dict), seed, ratio, images)
        files = {out_dir / f'apt36k_{name}.json': split
                 for name, split in splits.items()}
        write_json(files)
    except AnnotationError as error:
        raise click.ClickException(str(error)) from error
    report(files, repairs, as_json)


@command.command()
@click.argument('raw', type=click.Path(path_type=Path))
@click.argument('out', type=click.Path(path_type=Path))
@click.option('--images', type=click.Path(path_type=Path), required=True,
              help='Folder of the images; their sizes are not in RAW.')
@click.option('--json', 'as_json', is_flag=True, help='Print JSON.')
def aic(raw: Path, out: Path, images: Path, as_json: bool) -> None:
    """Convert AI Challenger's keypoint annotations to COCO form.

    \b
    vitpose-mm data aic keypoint_train_annotations_20170909.json \\
        data/aic/annotations/aic_train.json --images keypoint_train_images
    """
    from vitpose_tools.annotations import (AnnotationError, convert_aic,
                                           read_json, write_json)
    try:
        records = read_json(raw, list)
        with progress('Reading sizes of images', len(records)) as advance:
            coco, left_out = convert_aic(records, images, advance)
        write_json({out: coco})
    except AnnotationError as error:
        raise click.ClickException(str(error)) from error
    report({out: coco}, left_out, as_json)


def report(files: dict, repairs: dict, as_json: bool) -> None:
    """Say what was written and what was repaired."""
    sizes = {
        str(path): {key: len(coco[key]) for key in ('images', 'annotations')}
        for path, coco in files.items()
    }
    repairs = {text: number for text, number in repairs.items() if number}
    if as_json:
        click.echo(json.dumps(dict(files=sizes, repairs=repairs), indent=2))
        return
    for path, size in sizes.items():
        click.echo(f'Wrote {path}: {size["images"]} images, '
                   f'{size["annotations"]} annotations')
    for text, number in repairs.items():
        click.echo(f'{number:>8} {text}')
    if not repairs:
        click.echo('Nothing to repair.')
