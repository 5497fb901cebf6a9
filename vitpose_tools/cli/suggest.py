# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import contextlib
import json
import sys
from pathlib import Path
from typing import Optional

import click

from vitpose_tools.progress import progress


@click.command()
@click.argument('video', type=click.Path(path_type=Path))
@click.option('--config', required=True, type=click.Path(path_type=Path),
              help='Config of a top-down model.')
@click.option('--checkpoint', required=True, type=click.Path(path_type=Path),
              help='Its weights.')
@click.option('--out', required=True, type=click.Path(path_type=Path),
              help='Folder to make.')
@click.option('--frames', 'count', default=20, show_default=True,
              type=click.IntRange(1), help='Frames to write.')
@click.option('--apart', type=click.IntRange(1),
              help='Least distance of two of them, in frames. [default: half '
              'of an even spacing]')
@click.option('--every', default=1, show_default=True,
              type=click.IntRange(1),
              help='Look at each so-manieth frame only.')
@click.option('--boxes', type=click.Path(path_type=Path),
              help="Detections, in the form of MMPose's bbox_file: a list "
              "of 'image_id' (index of the frame, from 0), 'bbox' (x, y, w, "
              "h) and 'score'. Frames without one are left out. [default: "
              'the whole frame]')
@click.option('--min-score', default=0.2, show_default=True, type=float,
              help='Keypoints of less confidence are left for you to set.')
@click.option('--device', type=click.Choice(['cpu', 'cuda']),
              help='[default: cuda if there is one]')
@click.option('--json', 'as_json', is_flag=True, help='Print suggest.json.')
def command(video: Path, config: Path, checkpoint: Path, out: Path,
            count: int, apart: Optional[int], every: int,
            boxes: Optional[Path], min_score: float, device: Optional[str],
            as_json: bool) -> None:
    """Pick the frames of a video that are most worth labelling next.

    A model looks at an unlabelled video with one animal. Frames are chosen
    where its confidence is low, or its keypoints jump, each compared with
    what is usual for that keypoint, and some distance apart, so that they
    differ.

    \b
    Writes OUT/labeled-data/VIDEO/imgN.png
           OUT/labeled-data/VIDEO/CollectedData_vitpose_mm.csv  DeepLabCut
           OUT/coco.json     COCO keypoints
           OUT/labels.slp    SLEAP, if sleap-io is installed
           OUT/suggest.json  why each was chosen

    The files hold the predictions, to be corrected.

    \b
    Examples:
      vitpose-mm suggest walk.mp4 --config my_config.py \\
          --checkpoint work_dirs/my_run/best_coco_AP_epoch_100.pth --out next
      vitpose-mm suggest long.mp4 --config my_config.py \\
          --checkpoint my.pth --out next --frames 50 --every 10
    """
    from vitpose_mm.checkpoints import CheckpointError
    from vitpose_tools.annotations import AnnotationError, read_json
    from vitpose_tools.pose_model import ModelError, open_model, read_config
    from vitpose_tools.suggest import (Video, VideoError, read_boxes, track,
                                       write_suggestions)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise click.ClickException(f'{out} is not an empty folder; choose '
                                   'another --out')
    try:
        # Packages print while they load; stdout is for the result.
        with contextlib.redirect_stdout(sys.stderr):
            film = Video(video)
            detections = None if boxes is None else read_boxes(
                read_json(boxes, list), boxes)
            model = open_model(read_config(config), config, checkpoint,
                               device)
            seen = len(range(0, film.stated, every))
            with progress('Looking at frames', seen) as advance:
                tracks = track(
                    model, film, every, detections,
                    model.cfg.test_dataloader.get('batch_size', 1), advance)
            about = dict(config=str(config), checkpoint=str(checkpoint),
                         boxes=str(boxes or ''))
            with progress('Writing frames', count) as advance:
                summary = write_suggestions(
                    film, tracks, model.dataset_meta, count, apart, min_score,
                    out, about, advance)
    except (AnnotationError, CheckpointError, ModelError,
            VideoError) as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(json.dumps(summary, indent=2))
        return
    for note in summary['notes']:
        click.echo(note, err=True)
    for frame in summary['frames']:
        click.echo(f'{frame["file"]}  {frame["seconds"]:.2f} s  '
                   f'{frame["why"]}')
    click.echo(f'Wrote {len(summary["frames"])} of '
               f'{summary["frames_seen"]} frames to {out}; what is usual '
               'stands in brackets.')
