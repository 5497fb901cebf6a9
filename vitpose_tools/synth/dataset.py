# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import json
from functools import partial
from pathlib import Path
from typing import Callable, List, Optional

import cv2

from vitpose_mm.fileio import remove_partial, write_beside
from vitpose_tools.pool import in_processes
from .metainfo import write_metainfo
from .scene import draw_scene
from .skeleton import Skeleton

IMAGES = 'images'
ANNOTATIONS = 'annotations.json'
METAINFO = 'metainfo.py'
# What the folder is for; written first, so that an interrupted run is known.
REQUEST = 'request.json'
# Raise it when the same seed begins to give other pictures.
DRAWING = 1
JPEG_QUALITY = 92


def _write(path: Path, data: bytes) -> None:
    write_beside(path, lambda part: part.write_bytes(data))


def _encode(content: dict) -> bytes:
    return json.dumps(content, separators=(',', ':')).encode()


def _write_image(skeleton: Skeleton, seed: int, people: Optional[int],
                 hard: bool, out: Path, index: int) -> dict:
    """Draw one image into its file; return its COCO record, with the
    annotations under ``people``."""
    image, annotations = draw_scene(skeleton, seed, index, people, hard)
    name = f'{index:012d}.jpg'
    _, data = cv2.imencode('.jpg', image,
                           [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    _write(out / IMAGES / name, data.tobytes())
    height, width = image.shape[:2]
    return dict(
        id=index,
        file_name=name,
        width=width,
        height=height,
        people=annotations)


def _category(skeleton: Skeleton) -> dict:
    number = {name: i for i, name in enumerate(skeleton.keypoints, 1)}
    return dict(
        id=1,
        name=skeleton.name,
        supercategory=skeleton.name,
        keypoints=list(skeleton.keypoints),
        skeleton=[[number[start], number[end]]
                  for start, end in skeleton.bones])


def _coco(skeleton: Skeleton, request: dict, images: List[dict]) -> dict:
    """Assemble a COCO file; annotation ids count from 1."""
    annotations = []
    for image in images:
        for person in image.pop('people'):
            annotations.append(
                dict(
                    id=len(annotations) + 1,
                    image_id=image['id'],
                    category_id=1,
                    iscrowd=0,
                    **person))
    return dict(
        info=dict(description='Drawn by vitpose-mm synth', **request),
        licenses=[],
        images=images,
        annotations=annotations,
        categories=[_category(skeleton)])


def _claim(out: Path, request: dict, overwrite: bool) -> bool:
    """Make a folder ready for a request.

    Returns:
        bool: Whether the request is already fulfilled there.

    Raises:
        ValueError: If the folder holds anything else.
    """
    (out / IMAGES).mkdir(parents=True, exist_ok=True)
    remove_partial(out, f'{REQUEST}|{METAINFO}|{ANNOTATIONS}')
    remove_partial(out / IMAGES, r'\d{12}\.jpg')
    note = out / REQUEST
    if note.exists() and note.read_bytes() == _encode(request):
        return (out / ANNOTATIONS).exists()
    strangers = [path for path in out.iterdir() if path.name != IMAGES]
    strangers += (out / IMAGES).iterdir()
    if strangers and not overwrite:
        held = note.read_text() if note.exists() else strangers[0].name
        raise ValueError(f'{out} already holds something else: {held}')
    (out / ANNOTATIONS).unlink(missing_ok=True)
    for image in (out / IMAGES).glob('[0-9]' * 12 + '.*'):
        image.unlink()
    _write(note, _encode(request))
    return False


def write_dataset(skeleton: Skeleton,
                  out: Path,
                  num_images: int,
                  seed: int,
                  workers: int,
                  overwrite: bool = False,
                  on_image: Callable[[], None] = lambda: None,
                  people: Optional[int] = None,
                  hard: bool = False) -> bool:
    """Draw a COCO keypoint dataset: ``images/``, ``annotations.json`` and
    ``metainfo.py``, which tells MMPose of the keypoints.

    The annotation file comes last: where it is, the dataset is whole. The
    same arguments give the same bytes, whatever the number of workers.

    Args:
        skeleton (Skeleton): The kind of body.
        out (Path): Folder, made if missing.
        num_images (int): Number of images, at least 1.
        seed (int): Seed, at least 0.
        workers (int): Number of processes.
        overwrite (bool): Replace another dataset in ``out``.
        on_image (Callable): Called after each image.
        people (int): Bodies in each image; by default 1 to 4.
        hard (bool): Things in front of bodies, blur, few pixels.

    Returns:
        bool: False if the folder held this very dataset already.

    Raises:
        ValueError: If ``out`` holds anything else.
        OSError: If ``out`` cannot be written.
    """
    request = dict(
        skeleton=skeleton.name, images=num_images, seed=seed, drawing=DRAWING)
    if people is not None:
        request.update(people=people)
    if hard:
        request.update(hard=True)
    if _claim(out, request, overwrite):
        return False
    draw = partial(_write_image, skeleton, seed, people, hard, out)
    images = []
    with in_processes(draw, range(1, num_images + 1), workers) as drawn:
        for image in drawn:
            images.append(image)
            on_image()
    _write(out / METAINFO, write_metainfo(skeleton).encode())
    _write(out / ANNOTATIONS, _encode(_coco(skeleton, request, images)))
    return True
