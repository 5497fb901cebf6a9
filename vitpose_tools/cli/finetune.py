# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import contextlib
import json
import sys
from pathlib import Path
from typing import Optional, Tuple

import click

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
SIZES = ('tiny', 'small', 'base', 'large', 'huge')


@click.command()
@click.argument('source', required=False,
                type=click.Path(exists=True, path_type=Path))
@click.option('--train', type=FILE, help='COCO keypoint file to train on.')
@click.option('--val', type=FILE, help='COCO keypoint file to test on.')
@click.option('--images', type=FOLDER, help='Folder of the images of both.')
@click.option('--split', type=click.Choice(['auto', 'video', 'frame']),
              default='auto', show_default=True,
              help='Of SOURCE, as in `vitpose-mm data import`.')
@click.option('--boxes', type=click.Choice(['auto', 'keypoints', 'image']),
              default='auto', show_default=True,
              help='Of SOURCE; auto takes whole images where each shows one '
              'animal that has no box.')
@click.option('--out', type=click.Path(file_okay=False, path_type=Path),
              default='work_dirs/finetune', show_default=True,
              help='Folder for config, weights, pictures and page.')
@click.option('--size', type=click.Choice(SIZES), default='tiny',
              show_default=True,
              help='tiny learns from scratch on a CPU; the sizes of the paper '
              'start from pre-trained weights.')
@click.option('--init', help='Weights of the backbone: a file, an address, '
              'hf://OWNER/NAME of the Hugging Face hub, or a name of '
              "`vitpose-mm models`.  [default: the size's MAE]")
@click.option('--pretrain', 'videos', multiple=True, type=FILE,
              help='Video to pre-train on first, without labels; again for '
              'more of them.')
@click.option('--epochs', type=click.IntRange(1), help='[default: by size '
              'and number of people]')
@click.option('--batch', type=click.IntRange(1), help='[default: by size]')
@click.option('--flip/--no-flip', default=None,
              help='Train on mirrored pictures too.  [default: if left and '
              'right are told by the names]')
@click.option('--seed', default=0, show_default=True,
              help='Of the split and of training.')
@click.option('--dry-run', is_flag=True,
              help='Write metainfo and config, check the data, stop.')
@click.option('--fresh', is_flag=True,
              help='Write and train anew what is in --out.')
@click.option('--json', 'as_json', is_flag=True, help='Print JSON.')
def command(source: Optional[Path], train: Optional[Path],
            val: Optional[Path], images: Optional[Path], split: str,
            boxes: str, out: Path, size: str, init: Optional[str],
            videos: Tuple[Path, ...], epochs: Optional[int],
            batch: Optional[int], flip: Optional[bool], seed: int,
            dry_run: bool, fresh: bool, as_json: bool) -> None:
    """Train a model of your own keypoints, test it and show the results.

    SOURCE is what a labelling tool wrote, as `vitpose-mm data import` reads
    it; or give COCO files by --train, --val and --images.

    \b
    Writes OUT/metainfo.py  names, flip pairs, skeleton; yours to edit
           OUT/config.py    the recipe, on the bases of vitpose_mm; yours too
           OUT/run/         best_*.pth, the weights; page.html, what they
                            can do; logs, curve and contact sheet

    Run again, it goes on where it stopped, by the files as they are then.

    \b
    Examples:
      vitpose-mm finetune CollectedData.csv --out work_dirs/mouse
      vitpose-mm finetune --train train.json --val val.json --images images
      vitpose-mm finetune labels.slp --size base --dry-run
    """
    from vitpose_tools.cli.report import show, write_report
    from vitpose_tools.own_data import Choices, OwnDataError, finetune
    if (source is None) == (train is None):
        raise click.UsageError('Give SOURCE, or --train, --val and --images.')
    if source is None and (val is None or images is None):
        raise click.UsageError('--train needs --val and --images too.')
    choices = Choices(source, train, val, images, out, size, init, videos,
                      epochs, batch, flip, seed, split, boxes=boxes)
    try:
        # Packages print while they load; stdout is for the result.
        with contextlib.redirect_stdout(sys.stderr):
            best = finetune(choices, dry_run, fresh,
                            lambda text: click.echo(text, err=True))
    except OwnDataError as error:
        raise click.ClickException(str(error)) from error
    config = out / 'config.py'
    if best is None:
        click.echo(json.dumps(dict(config=str(config))) if as_json else
                   f'Train with: mim train mmpose {config} --work-dir '
                   f'{out / "run"}')
        return
    with open(out / 'run' / 'report.log', 'w') as log, \
            contextlib.redirect_stdout(log):
        summary, numbers = write_report(out / 'run', best, 12, True)
    if as_json:
        click.echo(json.dumps(dict(summary, config=str(config)), indent=2))
    else:
        show(summary, numbers)
        click.echo(f'config: {config}; weights: {best}')
