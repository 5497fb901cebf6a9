# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Crops to compare and to calibrate with."""
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Iterator, List, NamedTuple, Optional, Tuple

import cv2
import numpy as np
from mmengine.config import Config
from mmpose.registry import DATASETS

from vitpose_mm.fileio import read_json, why_unreadable
from vitpose_tools.labels.coco import roots
from vitpose_tools.labels.coco_annotation import read_box
from vitpose_tools.predict.crops import cut, place
from vitpose_tools.predict.exported import ExportError
from vitpose_tools.predict.network import CropSpec
from vitpose_tools.predict.open_model import name_of
from vitpose_tools.synth.human import HUMAN_17
from vitpose_tools.synth.scene import draw_scene

PICTURES = ('.jpg', '.jpeg', '.png', '.bmp', '.tif', '.tiff', '.webp')
SEED = 0


class Crops(NamedTuple):
    """Crops and where they are from.

    Args:
        images: BGR, shape (N, h, w, 3), uint8.
        source: In words.
    """

    images: np.ndarray
    source: str


def find_crops(spec: CropSpec, config: Config, dataset: Optional[str],
               path: Optional[Path], count: int) -> Crops:
    """Cut crops out of a path, else out of the config's validation images if
    they are here, else out of drawn people.

    Args:
        spec: How to cut.
        config: Of the model.
        dataset: Whose images, where several are validated.
        path: Folder of pictures that each show one person, or a COCO file.
        count: At most so many.

    Raises:
        ExportError: If nothing can be cut out of ``path``.
    """
    if path is not None:
        return crops_of_path(spec, path, count)
    try:
        return crops_of_config(config, dataset, count)
    except (OSError, ValueError, KeyError, TypeError, AttributeError,
            AssertionError) as error:
        line = str(error).splitlines()[0] if str(error) else repr(error)
        return Crops(
            np.concatenate([cut_boxes(image, [box], spec)
                            for image, box in drawn(count)]),
            f'{count} drawn people of seed {SEED}, because the validation '
            f'images of the config were not read ({line[:120]})')


def crops_of_config(config: Config, dataset: Optional[str],
                    count: int) -> Crops:
    """Crops of the validation set, evenly spaced, in annotated boxes.

    Raises:
        OSError, ValueError, KeyError, TypeError, AttributeError,
            AssertionError: If it is not here, or not in the config.
    """
    part = config.val_dataloader.dataset
    for each in part.get('datasets') or []:
        if name_of(each) == dataset:
            part = each
    # COCO's tools print.
    with redirect_stdout(StringIO()):
        loaded = DATASETS.build(dict(part, bbox_file=None))
    chosen = np.linspace(0, len(loaded) - 1, min(count, len(loaded)))
    images = [loaded[int(index)]['inputs'].permute(1, 2, 0).numpy()
              for index in chosen]
    return Crops(np.stack(images),
                 f'{len(images)} crops of {loaded.ann_file}')


def crops_of_path(spec: CropSpec, path: Path, count: int) -> Crops:
    """Crops of a folder of pictures or of a COCO file.

    Raises:
        ExportError: If there are none.
    """
    if not path.exists():
        raise ExportError(f'{path}: there is no such folder or file')
    if path.is_dir():
        files = sorted(file for file in path.rglob('*')
                       if file.suffix.lower() in PICTURES)
        found = [(file, None) for file in files]
        what = 'whole pictures of'
    else:
        found = list(boxes_of_coco(path))
        what = 'boxes of'
    if not found:
        raise ExportError(f'{path} holds no pictures' if path.is_dir() else
                          f'{path} holds no boxes')
    chosen = np.linspace(0, len(found) - 1, min(count, len(found)))
    crops = []
    for file, box in (found[int(index)] for index in chosen):
        image = read_picture(file)
        height, width = image.shape[:2]
        crops.append(cut_boxes(image, [box or (0, 0, width, height)], spec))
    return Crops(np.concatenate(crops), f'{len(crops)} {what} {path}')


def boxes_of_coco(path: Path) -> Iterator[Tuple[Path, Tuple[float, ...]]]:
    """Picture and x1, y1, x2, y2 of each annotation with an area.

    Raises:
        ExportError: If the file is none of COCO's, or a picture is missing.
    """
    try:
        content = read_json(path)
        names = {image['id']: image['file_name']
                 for image in content['images']}
        boxes = [(names[one['image_id']], read_box(one.get('bbox')))
                 for one in content['annotations']]
    except (ValueError, KeyError, TypeError) as error:
        raise ExportError(f'{path} is not an annotation file of COCO: '
                          f'{error}') from error
    folders = roots(path, None)
    for name, box in boxes:
        if box is None or min(box[2:]) <= 0:
            continue
        file = next((folder / name for folder in folders
                     if (folder / name).is_file()), None)
        if file is None:
            raise ExportError(f'{path}: its picture {name} was not found '
                              'beside it')
        yield file, (box[0], box[1], box[0] + box[2], box[1] + box[3])


def read_picture(file: Path) -> np.ndarray:
    """BGR pixels of a picture.

    Raises:
        ExportError: If it is none.
    """
    data = np.fromfile(file, np.uint8)
    image = cv2.imdecode(data, cv2.IMREAD_COLOR) if len(data) else None
    if image is None:
        raise ExportError(f'{file} was not read: '
                          f'{why_unreadable(file) or "it is no picture"}')
    return image


def drawn(count: int) -> Iterator[Tuple[np.ndarray, Tuple[float, ...]]]:
    """Drawn people, always the same: picture and x1, y1, x2, y2."""
    index = 0
    while count:
        index += 1
        image, people = draw_scene(HUMAN_17, SEED, index)
        for person in people[:count]:
            x, y, width, height = person['bbox']
            yield image, (x, y, x + width, y + height)
        count -= len(people[:count])


def cut_boxes(image: np.ndarray, boxes: List[Tuple[float, ...]],
              spec: CropSpec) -> np.ndarray:
    """Crops (N, h, w, 3) of boxes x1, y1, x2, y2."""
    return cut(image, place(np.array(boxes, np.float32), spec), spec)
