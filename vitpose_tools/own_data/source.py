# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from pathlib import Path
from typing import Tuple

from vitpose_tools.progress import progress
from vitpose_tools.run_folder import CONFIG
from .choices import Choices, Say
from .labels import OwnDataError


def find_data(choices: Choices, say: Say) -> Tuple[Path, Path, Path]:
    """Training file, validation file and folder of images."""
    if choices.source is None:
        return (choices.train.resolve(), choices.val.resolve(),
                choices.images.resolve())
    data = choices.out / 'data'
    if not ((data / 'import.json').exists()
            and (choices.out / CONFIG).exists()):
        import_source(choices, data, say)
    data = data.resolve()
    return data / 'train.json', data / 'val.json', data / 'images'


def import_source(choices: Choices, data: Path, say: Say) -> None:
    """Bring labels of any tool into the folder of the run.

    A single animal in each picture, without a box of its own, is looked for
    in the whole picture: a box made of its labels would tell a test where
    they are, and nobody gives one to a new picture.

    Raises:
        OwnDataError: If they cannot be used.
    """
    from vitpose_tools.labels import LabelsError, import_labels

    def bring(boxes: str) -> dict:
        return import_labels(
            choices.source, data, split=choices.split, val=choices.val_part,
            seed=choices.seed, boxes=boxes, margin=0.1, copy=False,
            overwrite=True, category=None, images=choices.images,
            progress=progress)

    try:
        summary = bring(choices.boxes)
        if choices.boxes == 'auto' and is_alone(summary):
            summary = bring('image')
    except LabelsError as error:
        raise OwnDataError(f'{error}.') from error
    say(f'{choices.source}: {summary["format"]}; ' + ', '.join(
        f'{size["images"]} pictures in {name}.json'
        for name, size in summary['files'].items())
        + f' (split: {summary["split"]})')
    for text in ('skipped', 'notes'):
        for reason, number in summary[text].items():
            say(f'{number:>8} {reason}')
    if 'val' not in summary['files']:
        raise OwnDataError(
            f'{choices.source} holds too little to put some of it aside for '
            'the test; --split frame draws single pictures, or label more')


def is_alone(summary: dict) -> bool:
    """Whether no picture has two animals, and none has a box of its own."""
    from vitpose_tools.labels.coco_out import KEYPOINTS
    return set(summary['boxes']) == {KEYPOINTS} and all(
        size['annotations'] == size['images']
        for size in summary['files'].values())
