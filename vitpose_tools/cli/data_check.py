# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import contextlib
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Optional

import click

from vitpose_tools.pool import cores
from vitpose_tools.progress import progress

PATH = click.Path(path_type=Path)


@click.command('check')
@click.argument('ann', type=PATH)
@click.option('--images', type=PATH, required=True,
              help='Folder that file_name in ANN starts from.')
@click.option('--dataset',
              help='Whose keypoints they are: a dataset of MMPose (coco, '
              'ap10k, ...) or METAINFO.py. [default: the names in ANN]')
@click.option('--val', type=PATH,
              help='Annotations that are held out: checked as well, and '
              'pictures looked for that are in both.')
@click.option('--val-images', type=PATH,
              help='Folder of their images. [default: that of --images]')
@click.option('--sheet', type=PATH,
              help='Draw examples of what was found into this PNG.')
@click.option('--workers', type=click.IntRange(1), default=cores,
              show_default='all cores',
              help='Processes that read images.')
@click.option('--json', 'as_json', is_flag=True, help='Print JSON.')
def command(ann: Path, images: Path, dataset: Optional[str],
            val: Optional[Path], val_images: Optional[Path],
            sheet: Optional[Path], workers: int, as_json: bool) -> None:
    """Check keypoints in COCO's form, and their images.

    Every image is read. Each fault has a kind, a count, examples and a cure.
    Errors are what would train or score wrongly or not at all; warnings are
    what may be meant; notes are good to know. Ends with 1 if there are
    errors, with 0 otherwise.

    \b
    Examples:
      vitpose-mm data check mine/train.json --images mine/images
      vitpose-mm data check mine/train.json --images mine/images \\
          --val mine/val.json --sheet faults.png
      vitpose-mm data check person_keypoints_val2017.json \\
          --images val2017 --dataset coco --json
    """
    # Packages print while they load; stdout is for the result.
    with contextlib.redirect_stdout(sys.stderr):
        from vitpose_tools.annotations import AnnotationError
        from vitpose_tools.data_check import (MetainfoError, check_data,
                                              draw_sheet, read_metainfo)
        try:
            metainfo = read_metainfo(dataset) if dataset else None
            findings, files = check_data(ann, images, metainfo, val,
                                         val_images, workers, progress)
        except (AnnotationError, MetainfoError) as error:
            raise click.ClickException(str(error)) from error
        drawn = draw_sheet(findings, files) if sheet is not None else None
        if drawn is not None:
            write_png(sheet, drawn)
    report(findings, files, sheet if drawn is not None else None, as_json)
    if any(finding.refused for finding in findings):
        click.get_current_context().exit(1)


def write_png(sheet: Path, drawn) -> None:
    """Write the sheet, whatever its file is called."""
    import cv2

    from vitpose_mm.fileio import write_beside
    data = cv2.imencode('.png', drawn)[1].tobytes()
    write_beside(sheet, lambda path: path.write_bytes(data))


def report(findings: list, files: list, sheet: Optional[Path],
           as_json: bool) -> None:
    """Print what was found."""
    count = {
        severity: sum(each.severity == severity for each in findings)
        for severity in ('error', 'warning', 'note')
    }
    sizes = {
        str(each.file): {key: len(each.content[key])
                         for key in ('images', 'annotations')}
        for each in files
    }
    if as_json:
        click.echo(json.dumps(dict(
            files=sizes, counts=count, sheet=sheet and str(sheet),
            faults=[asdict(each) for each in findings]), indent=2))
        return
    for each in findings:
        click.echo(f'{each.severity} [{each.kind}] {each.text}')
    looked = ' and '.join(
        f'{size["images"]} images with {size["annotations"]} annotations of '
        f'{file}' for file, size in sizes.items())
    click.echo(f'Looked at {looked}: {count["error"]} errors, '
               f'{count["warning"]} warnings, {count["note"]} notes.')
    if sheet is not None:
        click.echo(f'Examples are drawn in {sheet}.')
