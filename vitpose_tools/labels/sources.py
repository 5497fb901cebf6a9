# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Which tool wrote a source."""
from collections import Counter
from pathlib import Path
from typing import List, Optional

from . import coco, dlc, label_studio, ultralytics
from .dlc_table import is_table
from .folder import NOTE
from .locate import is_hidden
from .records import Labels, LabelsError
from .text import read_json

KINDS = ('COCO keypoint JSON, Label Studio JSON, SLEAP .slp, a DeepLabCut '
         'project, CSV or h5, or an Ultralytics folder with its data.yaml')


def read_source(source: Path, category: Optional[str],
                images: Optional[Path]) -> Labels:
    """Read labels of any kind.

    Args:
        source: File or folder.
        category: Of a source that has several; None for all.
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
        labels = read(source, category, images)
    except (AttributeError, IndexError, KeyError, TypeError,
            ValueError) as error:
        if isinstance(error, LabelsError):
            raise
        raise LabelsError(
            f'{source} is not as its tool writes it '
            f'({type(error).__name__}: {error}); export it again') from error
    twice = [name for name, number in Counter(labels.keypoints).items()
             if number > 1]
    if twice:
        raise LabelsError(f'{source}: several keypoints are called '
                          f'{twice[0]!r}; give each its own name')
    return labels


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
        return read_slp(path, category, images)
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
    project = (folder.absolute().parent if folder.name == dlc.FOLDER
               else folder)
    if dlc.is_project(project):
        return dlc.read_project(project, images)
    dataset = ultralytics.find_yaml(folder)
    if dataset is not None:
        return read_source(dataset, category, images)
    files = [path for path in sorted(folder.iterdir())
             if path.is_file() and not is_hidden(path) and (
                 is_table(path) or path.suffix.lower() == '.slp')]
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
    """JSON files of labels in a folder and in those directly below, other
    than imports and links to folders, which may lead back."""
    below = [one for one in sorted(folder.iterdir())
             if one.is_dir() and not one.is_symlink()
             and not (one / NOTE).exists()]
    found = []
    for path in [path for one in (folder, *below)
                 for path in sorted(one.glob('*.json'))
                 if not is_hidden(path)]:
        content = read_json(path)
        if coco.is_coco(content) or label_studio.is_label_studio(content):
            found.append(path)
    return found
