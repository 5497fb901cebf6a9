# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import json
from pathlib import Path
from typing import Optional

import click

from vitpose_tools.progress import progress


@click.command()
@click.argument('source', type=click.Path(path_type=Path))
@click.argument('out', type=click.Path(path_type=Path))
@click.option('--images', type=click.Path(path_type=Path),
              help='Folder of the pictures or videos, if they are not beside '
              'the labels.')
@click.option('--split', type=click.Choice(['auto', 'video', 'frame', 'none']),
              default='auto', show_default=True,
              help='auto: the split of SOURCE where it has one; else whole '
              'videos are held out where there are several, and blocks of '
              'frames where there is one, without the frames beside them. '
              'video: whole videos. frame: single frames, drawn; neighbours '
              'are then on both sides. none: all for training.')
@click.option('--val', type=click.FloatRange(0, 1, True, True), default=0.2,
              show_default=True, help='Part of the pictures held out.')
@click.option('--seed', type=click.IntRange(0), default=0, show_default=True,
              help='Another seed, another split.')
@click.option('--boxes', type=click.Choice(['auto', 'keypoints', 'image']),
              default='auto', show_default=True,
              help='auto: those of SOURCE, and from the keypoints where it '
              'has none. keypoints: all from the keypoints. image: the whole '
              'picture.')
@click.option('--margin', type=click.FloatRange(0), default=0.1,
              show_default=True, help='What a box from keypoints has around '
              'them on each side, in parts of its longer side.')
@click.option('--category', help='Which category, class or skeleton, if '
              'several have keypoints of different names.')
@click.option('--copy', is_flag=True,
              help='Copy pictures instead of linking them.')
@click.option('--overwrite', is_flag=True,
              help='Replace another import in OUT.')
@click.option('--json', 'as_json', is_flag=True, help='Print JSON instead.')
def command(source: Path, out: Path, images: Optional[Path], split: str,
            val: float, seed: int, boxes: str, margin: float,
            category: Optional[str], copy: bool, overwrite: bool,
            as_json: bool) -> None:
    """Turn labels of other tools into COCO keypoint files and pictures.

    \b
    SOURCE is what a tool wrote:
      COCO keypoint JSON (CVAT, Roboflow, Label Studio), or a folder of them
      SLEAP                .slp, .pkg.slp
      DeepLabCut           project folder, CollectedData .csv or .h5
      Lightning Pose       .csv
      Ultralytics          folder with data.yaml
      Label Studio         JSON
    Writes OUT/images/...  linked pictures, extracted frames of videos
           OUT/train.json, OUT/val.json   COCO
           OUT/import.json                where it is from, what was skipped

    OUT appears whole or not at all; the same command again does nothing.

    \b
    Examples:
      vitpose-mm data import mouse/CollectedData.csv data/mouse
      vitpose-mm data import labels.slp data/flies --split video
      vitpose-mm data import annotations.json data/hands --images pictures
    """
    from vitpose_tools.labels import LabelsError, import_labels
    try:
        summary = import_labels(
            source, out, split=split, val=val, seed=seed, boxes=boxes,
            margin=margin, copy=copy, overwrite=overwrite, category=category,
            images=images, progress=progress)
    except LabelsError as error:
        raise click.ClickException(f'{error}.') from error
    if as_json:
        click.echo(json.dumps(summary, indent=2, ensure_ascii=False))
    else:
        say(out, summary)


def say(out: Path, summary: dict) -> None:
    """Print what was imported and what was not."""
    if not summary['written']:
        click.echo(f'{out} is complete; nothing to do.')
    click.echo(f'{summary["format"]}: {len(summary["keypoints"])} keypoints, '
               f'{len(summary["skeleton"])} bones')
    for name, size in summary['files'].items():
        click.echo(f'{out / name}.json: {size["images"]} images, '
                   f'{size["annotations"]} annotations')
    click.echo(f'Split: {summary["split"]}. Boxes: ' + ', '.join(
        f'{number} {how}' for how, number in summary['boxes'].items()) + '.')
    for text in ('skipped', 'notes'):
        for reason, number in summary[text].items():
            click.echo(f'{number:>8} {reason}')
    if not summary['skipped']:
        click.echo('Nothing was skipped.')
