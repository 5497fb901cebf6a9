# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import contextlib
import json
import sys
from pathlib import Path
from typing import Any, Callable, Optional, Tuple, Union

import click

from vitpose_tools.environment import versions


@click.command()
@click.argument('work_dir', type=click.Path(path_type=Path))
@click.option(
    '--checkpoint',
    help='Weights to draw with: a file, an address or a name of `vitpose-mm '
    'models`. [default: the best, else the last]')
@click.option(
    '--people',
    type=click.IntRange(min=1),
    default=12,
    show_default=True,
    help='People on the contact sheet; images of a bottom-up model.')
@click.option(
    '--page',
    is_flag=True,
    help='Test on all of the test set too, and write page.html and '
    'page.json.')
@click.option('--json', 'as_json', is_flag=True, help='Print summary.json.')
def command(work_dir: Path, checkpoint: Optional[str], people: int,
            page: bool, as_json: bool) -> None:
    """Draw the curve and predictions of a training run.

    Reads the work directory of `mim train mmpose` (and of `mim test` in the
    same folder), draws people of its test set with ground truth beside
    prediction, and writes curve.png, contact_sheet.png and summary.json
    there. The best validation is that of the config's save_best.

    With --page the whole test set is tested once more, in annotated boxes:
    error of each keypoint in pixels, confidence against error, the worst
    predictions, and labels that the model disagrees with. page.html holds
    its pictures and can be sent to anybody.

    \b
    Examples:
      vitpose-mm report work_dirs/quickstart
      vitpose-mm report work_dirs/quickstart --page
      vitpose-mm report work_dirs/my_run --people 40
      vitpose-mm report work_dirs/my_run --json
    """
    from vitpose_mm.checkpoints import CheckpointError
    from vitpose_tools.models import resolve_checkpoint
    from vitpose_tools.report import RunError

    try:
        if checkpoint is not None:
            checkpoint = resolve_checkpoint(checkpoint)
        # Packages print while they load; stdout is for the result.
        with contextlib.redirect_stdout(sys.stderr):
            summary, numbers = write_report(work_dir, checkpoint, people,
                                            page)
    except (RunError, CheckpointError) as error:
        raise click.ClickException(str(error)) from error
    for note in summary['notes']:
        click.echo(note, err=True)
    if as_json:
        click.echo(json.dumps(summary, indent=2))
    else:
        show(summary, numbers)
    if page and not numbers:
        raise click.exceptions.Exit(1)


def show(summary: dict, numbers: dict) -> None:
    """Print the table of a page, if there is one, and what was written."""
    from vitpose_tools.report import error_table
    if numbers:
        click.echo(error_table(numbers))
    if 'AP' in summary:
        result = (f'AP {summary["AP"]:.3f} (AP50 {summary["AP50"]:.3f}, '
                  f'AP75 {summary["AP75"]:.3f})')
    else:
        result = ', '.join(f'{name} {number:.4g}' for name, number in
                           summary['metrics'].items()) or 'no metrics yet'
    pictures = [summary[name] for name in ('curve', 'contact_sheet', 'page')
                if summary[name]]
    click.echo(f'{result}; pictures: {", ".join(pictures) or "none"}')


def write_report(work_dir: Path, checkpoint: Union[None, str, Path],
                 people: int, page: bool) -> Tuple[dict, dict]:
    """Write the pictures, the page if asked for, and summary.json.

    One picture does not wait for the other: what cannot be drawn is told in
    ``notes``.

    Returns:
        The summary, and what page.json holds; empty without a page.

    Raises:
        RunError: If there is no training.
        CheckpointError: If the weights cannot be read.
        OSError: If the disk refuses.
    """
    import mmcv

    from vitpose_mm.checkpoints import CheckpointError
    from vitpose_mm.fileio import write_beside
    from vitpose_tools.report import (Run, coco_metrics, draw_curve,
                                      draw_sheet_of_run, write_page_of_run)

    run = Run(work_dir)
    train, val = run.scalars()
    metrics = run.test_metrics()
    metric, less = run.metric(val or [metrics])
    checkpoint = checkpoint or run.checkpoint
    notes = []

    def attempt(what: str, make: Callable[[], Any]) -> Any:
        """What is made; None if it cannot be."""
        try:
            return make()
        except CheckpointError:
            raise
        except Exception as error:  # of whatever kind the run leads to
            notes.append(f'{what} not drawn: {first_line(error)}')

    def draw(what: str, name: str, make: Callable[[], object],
             write: Callable[[object, Path], object]) -> str:
        """Path of a picture; empty if it cannot be drawn."""
        picture = attempt(what, make)
        if picture is None:
            return ''
        write_beside(work_dir / name, lambda path: write(picture, path))
        return str(work_dir / name)

    sheet = draw(
        'contact sheet', 'contact_sheet.png',
        lambda: draw_sheet_of_run(run, checkpoint, people, notes),
        lambda picture, path: mmcv.imwrite(picture, str(path)))
    curve = draw('curve', 'curve.png',
                 lambda: draw_curve(train, val, metric, less),
                 lambda figure, path: figure.savefig(path, dpi=120))
    numbers = attempt('page', lambda: write_page_of_run(
        run, checkpoint, notes)) if page else None
    stages = work_dir / 'stages.json'
    summary = dict(
        **coco_metrics(metrics),
        metric=metric,
        metrics=metrics,
        seconds=json.loads(stages.read_text()) if stages.exists() else {},
        checkpoint=str(checkpoint or ''),
        curve=curve,
        contact_sheet=sheet,
        page=str(work_dir / 'page.html') if numbers else '',
        notes=notes,
        versions=versions())
    write_beside(work_dir / 'summary.json',
                 lambda path: path.write_text(json.dumps(summary, indent=2)))
    return summary, numbers or {}


def first_line(error: Exception) -> str:
    """What an error says, without its kind where it is one of ours."""
    from vitpose_tools.report import RunError
    line = (str(error).splitlines() or [''])[0]
    return line if isinstance(error, RunError) else (
        f'{type(error).__name__}: {line}')
