# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import json
from pathlib import Path
from typing import Optional

import click

from vitpose_tools.environment import pick_device, versions


@click.command()
@click.argument('work_dir', type=click.Path(path_type=Path))
@click.option(
    '--checkpoint',
    type=click.Path(path_type=Path),
    help='Weights to draw with. [default: the best, else the last]')
@click.option(
    '--people',
    type=click.IntRange(min=1),
    default=12,
    show_default=True,
    help='People on the contact sheet.')
@click.option('--json', 'as_json', is_flag=True, help='Print summary.json.')
def command(work_dir: Path, checkpoint: Optional[Path], people: int,
            as_json: bool) -> None:
    """Draw the curve and predictions of a training run.

    Reads the work directory of `mim train mmpose` (and of `mim test` in the
    same folder), draws people of its test set with ground truth beside
    prediction, and writes curve.png, contact_sheet.png and summary.json
    there.

    \b
    Examples:
      vitpose-mm report work_dirs/quickstart
      vitpose-mm report work_dirs/my_run --people 40
      vitpose-mm report work_dirs/my_run --json
    """
    from vitpose_mm.checkpoints import CheckpointError
    from vitpose_tools.report import RunError

    try:
        summary = write_report(work_dir, checkpoint, people)
    except (RunError, CheckpointError) as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(json.dumps(summary, indent=2))
    else:
        click.echo(
            f'AP {summary["AP"]:.3f} (AP50 {summary["AP50"]:.3f}, '
            f'AP75 {summary["AP75"]:.3f}); pictures: {summary["curve"]}, '
            f'{summary["contact_sheet"]}'
            if 'AP' in summary else f'{summary["metrics"]}; pictures: '
            f'{summary["curve"]}, {summary["contact_sheet"]}')


def write_report(work_dir: Path, checkpoint: Optional[Path],
                 people: int) -> dict:
    """Write the pictures and summary.json; return the summary."""
    import cv2
    from mmengine.config import Config
    from mmpose.apis import init_model
    from mmpose.registry import DATASETS

    from vitpose_mm.fileio import write_beside
    from vitpose_tools.report import Run, draw_contact_sheet, draw_curve

    run = Run(work_dir)
    checkpoint = checkpoint or run.checkpoint
    metrics = run.test_metrics()
    config = Config.fromfile(run.config)
    model = init_model(config, str(checkpoint), device=pick_device())
    dataset = DATASETS.build(config.test_dataloader.dataset)
    metric = 'coco/AP' if 'coco/AP' in metrics else next(iter(metrics), '')

    sheet = draw_contact_sheet(model, dataset, people)
    curve_path = work_dir / 'curve.png'
    sheet_path = work_dir / 'contact_sheet.png'
    write_beside(sheet_path, lambda path: cv2.imwrite(str(path), sheet))
    write_beside(curve_path,
                 lambda path: draw_curve(*run.scalars(), metric, path))

    stages = work_dir / 'stages.json'
    names = {'AP': 'coco/AP', 'AP50': 'coco/AP .5', 'AP75': 'coco/AP .75'}
    summary = dict(
        **{
            short: metrics[name]
            for short, name in names.items() if name in metrics
        },
        metrics=metrics,
        seconds=json.loads(stages.read_text()) if stages.exists() else {},
        checkpoint=str(checkpoint),
        curve=str(curve_path),
        contact_sheet=str(sheet_path),
        versions=versions())
    write_beside(work_dir / 'summary.json',
                 lambda path: path.write_text(json.dumps(summary, indent=2)))
    return summary
