# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Which tool wrote a source."""
from pathlib import Path
from typing import List, Optional

from . import coco, dlc, label_studio, ultralytics
from .dlc_table import is_table
from .records import Labels, LabelsError
from .text import read_json

KINDS = ('COCO keypoint JSON, Label Studio JSON, SLEAP .slp, a DeepLabCut '
         'project, CSV or h5, or an Ultralytics folder with its data.yaml')


def read_source(source: Path, category: Optional[str],
                images: Optional[Path]) -> Labels:
    """Read labels of any kind.

    Args:
        source: File or folder.
        category: Of a file that has several; None for all.
        images: Where the pictures are, if not beside the labels.

    Raises:
        LabelsError: If it is of no kind that is known, or faulty.
    """
    if not source.exists():
        raise LabelsError(f'{source} does not exist')
    if images is not None and not images.is_dir():
        raise LabelsError(f'--images {images} is no folder')
    read = read_folder if source.is_dir() else read_file
    try:
        return read(source, category, images)
    except (AttributeError, IndexError, KeyError, TypeError,
            ValueError) as error:
        if isinstance(error, LabelsError):
            raise
        raise LabelsError(
            f'{source} is not as its tool writes it '
            f'({type(error).__name__}: {error}); export it again') from error


def read_file(path: Path, category: Optional[str],
              images: Optional[Path]) -> Labels:
    """Read the labels in a file."""
    suffix = path.suffix.lower()
    if path.name == dlc.CONFIG and dlc.is_project(path.parent):
        return dlc.read_project(path.parent, images)
    if suffix in ('.yaml', '.yml'):
        return ultralytics.read_dataset(path, category, images)
    if suffix in ('.csv', '.h5'):
        return dlc.read_file(path, images)
    if suffix == '.slp':
        from .slp import read_slp
        return read_slp(path, images)
    if suffix == '.json':
        content = read_json(path)
        if label_studio.is_label_studio(content):
            return label_studio.read_tasks(path, images)
        if coco.is_coco(content):
            return coco.read_files([path], category, images)
        raise LabelsError(
            f'{path} is neither COCO (images, annotations, categories) nor '
            "Label Studio's JSON (a list of tasks with annotations; JSON-MIN "
            'has lost who a keypoint belongs to)')
    raise LabelsError(f'{path} is not one of the kinds that can be read: '
                      f'{KINDS}')


def read_folder(folder: Path, category: Optional[str],
                images: Optional[Path]) -> Labels:
    """Read the labels that a folder holds."""
    if dlc.is_project(folder):
        return dlc.read_project(folder, images)
    dataset = ultralytics.find_yaml(folder)
    if dataset is not None:
        return read_source(dataset, category, images)
    files = [*(path for path in sorted(folder.glob('*.csv'))
               if is_table(path)), *sorted(folder.glob('*.slp'))]
    json_files = coco_files(folder)
    if not files and len(json_files) > 1:
        splits = [coco.split_of(path) for path in json_files]
        if None not in splits and len(set(splits)) == len(splits):
            return coco.read_files(json_files, category, images)
    files += json_files
    if len(files) > 1:
        raise LabelsError(
            f'{folder} holds several files of labels, '
            f'{", ".join(str(path.relative_to(folder)) for path in files)}; '
            'name one of them')
    if files:
        return read_source(files[0], category, images)
    raise LabelsError(f'{folder} holds nothing that can be read: {KINDS}')


def coco_files(folder: Path) -> List[Path]:
    """JSON files of labels in a folder and in those directly below."""
    found = []
    for path in [*sorted(folder.glob('*.json')),
                 *sorted(folder.glob('*/*.json'))]:
        content = read_json(path)
        if coco.is_coco(content) or label_studio.is_label_studio(content):
            found.append(path)
    return found
