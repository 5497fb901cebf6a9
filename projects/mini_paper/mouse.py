# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""The real data: 90 labelled frames of a mouse, and a clip of it."""
from pathlib import Path
from typing import Optional

import click

from vitpose_mm.fileio import write_beside
from vitpose_tools.labels.importing import import_labels
from vitpose_tools.labels.records import LabelsError
from vitpose_tools.own_data.labels import OwnDataError, read_own_labels
from vitpose_tools.own_data.metainfo import write_metainfo
from vitpose_tools.own_data.pretraining import extract_frames
from vitpose_tools.progress import progress

MOUSE = 'mouse'


def is_there(data: Path) -> bool:
    """Whether prepare has been here."""
    return (data / 'mini_paper' / f'{MOUSE}_metainfo.py').exists()


def prepare(source: Optional[Path], data: Path) -> None:
    """Split the labelled frames, and write those of the clip as pictures.

    Args:
        source: Folder of mirror-mouse, with CollectedData.csv and
            videos/test_vid.mp4.
        data: Gets mini_paper/mouse, mouse_clip and mouse_metainfo.py.

    Raises:
        click.ClickException: If the source is needed, and is none.
    """
    if is_there(data):
        return
    if source is None:
        raise click.ClickException(
            f'table {MOUSE} needs --mirror-mouse FOLDER, with the labels and '
            'the clip of mirror-mouse')
    out = data / 'mini_paper'
    try:
        import_labels(
            source / 'CollectedData.csv', out / MOUSE, split='frame', val=0.2,
            seed=0, boxes='image', margin=0., copy=True, overwrite=True,
            category=None, images=None, progress=progress)
        labels = read_own_labels(out / MOUSE / 'train.json')
        with progress('Frames of the clip', None) as advance:
            extract_frames([source / 'videos' / 'test_vid.mp4'],
                           out / f'{MOUSE}_clip', advance)
    except (LabelsError, OwnDataError, OSError) as error:
        raise click.ClickException(str(error)) from error
    text = write_metainfo(labels, labels.flips, MOUSE)
    write_beside(out / f'{MOUSE}_metainfo.py',
                 lambda part: part.write_text(text, encoding='utf-8'))
