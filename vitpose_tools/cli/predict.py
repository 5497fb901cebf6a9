# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import contextlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, List, Optional, Tuple

import click

from vitpose_tools.progress import progress

if TYPE_CHECKING:
    from vitpose_tools.predict.run import Summary

# Unreadable files that are named on the terminal; --json names all.
NAMED = 20
STOPPED = 130  # what a shell calls a program that Ctrl-C ended


@click.command()
@click.argument('inputs', nargs=-1, metavar='INPUT...')
@click.option('--model', help='Name of `vitpose-mm models`, folder of '
              '`vitpose-mm finetune`, or file of `vitpose-mm export`.')
@click.option('--config', type=click.Path(path_type=Path),
              help='Config of any top-down or bottom-up model of MMPose.')
@click.option('--checkpoint', help='Its weights.')
@click.option('--dataset', help='Whose keypoints a joint model shall find.')
@click.option('--names', metavar='NAME,NAME,...',
              help="Keypoints to find, such as 'left knee,nose,tail', of a "
              'model that takes names.')
@click.option('--boxes', 'boxes_file', type=click.Path(path_type=Path),
              help="Boxes to look in: a list of detections, as MMPose's "
              'bbox_file, or a COCO file.')
@click.option('--whole-image', is_flag=True,
              help='Each image shows one person or animal.')
@click.option('--detector', nargs=2, type=str, metavar='CONFIG WEIGHTS',
              help='A detector of MMDetection finds the boxes.')
@click.option('--every', default=1, show_default=True,
              type=click.IntRange(1),
              help='The detector looks at each so-manieth frame of a video; '
              'people are followed in between.')
@click.option('--category', help='Class of --detector or --boxes that has '
              'keypoints. [default: person, or the only one]')
@click.option('--track', is_flag=True,
              help='Follow the people of a video, by ByteTrack.')
@click.option('--smooth', is_flag=True,
              help='Follow the people of a video, and smooth their keypoints '
              'by the 1-euro filter.')
@click.option('--out', default='predictions', show_default=True,
              type=click.Path(path_type=Path), help='Folder of the results.')
@click.option('--format', 'formats', multiple=True, default=['coco'],
              show_default=True,
              help='coco, csv, parquet, dlc-csv, dlc-h5, slp, images or '
              'video; several by several --format.')
@click.option('--flip/--no-flip', default=None,
              help='Take the mean with the mirrored image: more exact, half '
              'as fast. [default: as the config says]')
@click.option('--dtype', type=click.Choice(['float32', 'bfloat16',
                                            'float16']),
              help='Half precision is faster and less exact. [default: as '
              'the config says]')
@click.option('--batch', 'batch_size', type=click.IntRange(1),
              help='Most people at once. [default: fits the device]')
@click.option('--device', type=click.Choice(['cpu', 'cuda']),
              help='[default: cuda if there is one]')
@click.option('--json', 'as_json', is_flag=True, help='Print a summary.')
def command(inputs: Tuple[str, ...], model: Optional[str],
            config: Optional[Path], checkpoint: Optional[str],
            dataset: Optional[str], names: Optional[str],
            boxes_file: Optional[Path], whole_image: bool,
            detector: Optional[Tuple[str, str]],
            every: int, category: Optional[str], track: bool, smooth: bool,
            out: Path, formats: Tuple[str, ...], flip: Optional[bool],
            dtype: Optional[str], batch_size: Optional[int],
            device: Optional[str], as_json: bool) -> None:
    """Find keypoints in images and videos.

    INPUT is an image, a video, a folder, a pattern such as 'walk/*.jpg', a
    camera such as camera:0, or - for a list of paths on stdin. What cannot
    be read is named at the end. Ctrl-C ends early, with complete files.

    \b
    Examples:
      vitpose-mm predict person.jpg --model vitpose-base --whole-image
      vitpose-mm predict walk.mp4 --model vitpose-base \\
          --detector rtmdet.py rtmdet.pth --every 5 --smooth \\
          --format video --format csv --out walk
      vitpose-mm predict images/ --config my_config.py --checkpoint my.pth \\
          --boxes detections.json
      find . -name '*.jpg' | vitpose-mm predict - --model work_dirs/mouse \\
          --whole-image
    """
    if not inputs:
        raise click.UsageError('nothing to look at; give an image, a video, '
                               'a folder or -')
    if '-' in inputs and len(inputs) > 1:
        raise click.UsageError('- is a list of all inputs; give no others')
    if (model is None) == (config is None):
        raise click.UsageError('give --model NAME, or --config CONFIG with '
                               '--checkpoint WEIGHTS')
    choices = [name for name, value in [
        ('--boxes', boxes_file), ('--whole-image', whole_image),
        ('--detector', detector)] if value]
    if len(choices) > 1:
        raise click.UsageError(f'{" and ".join(choices)} exclude each other')
    if every > 1 and not detector:
        raise click.UsageError('--every is for --detector')
    from vitpose_mm.checkpoints import CheckpointError
    from vitpose_tools.extras import MissingPackage
    from vitpose_tools.predict import PredictError, Predictor
    from vitpose_tools.predict.inputs import Inputs, read_lines
    from vitpose_tools.predict.run import predict_files
    from vitpose_tools.predict.writers import check_formats
    try:
        # Packages print while they load; stdout is for the result.
        with contextlib.redirect_stdout(sys.stderr):
            check_formats(formats)
            predictor = Predictor(
                model or config, checkpoint, dataset=dataset,
                names=split_names(names), device=device, dtype=dtype,
                flip=flip, batch_size=batch_size)
            find_boxes = open_boxes(
                predictor.needs_boxes, boxes_file, whole_image, detector,
                every, category, track, smooth, device)
            click.echo(predictor.description, err=True)
            images = Inputs(read_lines(sys.stdin) if inputs == ('-',)
                            else list(inputs))
            with progress('Finding keypoints', images.count(),
                          'frames') as advance:
                summary = predict_files(
                    predictor, images, find_boxes, out, formats, smooth,
                    advance)
    except (CheckpointError, MissingPackage, PredictError) as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(json.dumps(summary.as_dict(), indent=2))
    else:
        tell(summary, out)
    if summary.stopped:
        sys.exit(STOPPED)
    if not summary.frames:
        sys.exit(1)


def split_names(names: Optional[str]) -> Optional[List[str]]:
    """Names out of what --names says; None without it.

    Raises:
        UsageError: If there are none.
    """
    if names is None:
        return None
    found = [name.strip() for name in names.split(',') if name.strip()]
    if not found:
        raise click.UsageError("--names is empty; write 'left knee,nose'")
    return found


def open_boxes(needs_boxes: bool, boxes_file: Optional[Path],
               whole_image: bool, detector: Optional[Tuple[str, str]],
               every: int, category: Optional[str], track: bool,
               smooth: bool, device: Optional[str]) -> Any:
    """What finds the boxes that the options mean; None without a need.

    Raises:
        ClickException: If a model needs boxes and there are none, or the
            other way round.
        PredictError: If they cannot be used.
    """
    from vitpose_tools.predict.boxes import BoxesOfFile, WholeImage
    from vitpose_tools.predict.detector import Detector
    from vitpose_tools.predict.tracking import Follow
    chosen = bool(boxes_file or whole_image or detector)
    if not needs_boxes:
        if chosen or track or smooth:
            raise click.ClickException(
                'this model finds its people itself and does not follow '
                'them; leave out --boxes, --whole-image, --detector, --track '
                'and --smooth')
        return None
    if not chosen:
        raise click.ClickException(
            'this is a top-down model, which looks for people in boxes: give '
            '--boxes FILE, or --detector CONFIG WEIGHTS, or --whole-image if '
            'each image shows one person')
    if detector:
        return Detector(detector[0], detector[1], every=every, device=device,
                        category=category)
    if whole_image:
        return WholeImage()
    found = BoxesOfFile(boxes_file, category=category)
    # To smooth, who is who has to be known.
    is_known = found.found.track_ids is not None
    return Follow(found) if track or (smooth and not is_known) else found


def tell(summary: 'Summary', out: Path) -> None:
    """Say what was done, for people."""
    for each in summary.unreadable[:NAMED]:
        click.echo(each.reason, err=True)
    left = len(summary.unreadable) - NAMED
    if left > 0:
        click.echo(f'... and {left} more; --json names all', err=True)
    for note in summary.notes:
        click.echo(note, err=True)
    click.echo(
        f'{"Stopped: " if summary.stopped else ""}{summary.people} people in '
        f'{summary.frames} frames, {summary.rate:.1f} frames/s'
        + (f'; {len(summary.unreadable)} inputs could not be read'
           if summary.unreadable else ''))
    for file in summary.files:
        click.echo(f'Wrote {file}')
