# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Which tool wrote a source."""
from pathlib import Path
from typing import Optional

from . import dlc
from .dlc_table import is_table
from .records import Labels, LabelsError

KINDS = ('COCO keypoint JSON, Label Studio JSON, SLEAP .slp, a DeepLabCut '
         'project, CSV or h5, or an Ultralytics folder with its data.yaml')


def read_source(source: Path, category: Optional[str],
                images: Optional[Path]) -> Labels:
    """Read labels of any kind.

    Args:
        source: File or folder.
        category: Of a COCO file that has several; None where it has one.
        images: Where the pictures are, if not beside the labels.

    Raises:
        LabelsError: If it is of no kind that is known, or faulty.
    """
    if not source.exists():
        raise LabelsError(f'{source} does not exist')
    if source.is_dir():
        return read_folder(source, category, images)
    if source.name == dlc.CONFIG and dlc.is_project(source.parent):
        return dlc.read_project(source.parent, images)
    if source.suffix in ('.csv', '.h5'):
        return dlc.read_file(source, images)
    raise LabelsError(f'{source} is not one of the kinds that can be read: '
                      f'{KINDS}')


def read_folder(folder: Path, category: Optional[str],
                images: Optional[Path]) -> Labels:
    """Read the labels that a folder holds."""
    if dlc.is_project(folder):
        return dlc.read_project(folder, images)
    found = [path for path in sorted(folder.glob('*.csv')) if is_table(path)]
    if len(found) > 1:
        raise LabelsError(
            f'{folder} holds several files of labels, '
            f'{", ".join(path.name for path in found)}; name one of them')
    if found:
        return read_source(found[0], category, images)
    raise LabelsError(f'{folder} holds nothing that can be read: {KINDS}')
