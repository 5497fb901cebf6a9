# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import os.path as osp
import warnings
from contextlib import contextmanager
from typing import Any, Iterator, List, Optional, Sequence, Tuple

import numpy as np
from PIL import Image

from .finding import WARNING, Finding, describe
from .people import People, is_number

# Image files whose size is compared with the stated one; a header is read in
# a millisecond.
FILES = 64
# A box that loses more than this share of its area is not rounded, but wrong.
CUT = 0.1
EXIF_ORIENTATION = 274


def check_image_sizes(images: Sequence[dict], people: People, file: str,
                      folder: Optional[str]) -> List[Finding]:
    """Check the stated sizes, to which MMPose cuts boxes.

    Args:
        images: Records of the images.
        people: Annotations with keypoints and boxes.
        file: Path of the annotation file, for the messages.
        folder: Folder of the images, or None to leave the files alone.
    """
    of_box = sizes_of(people, images)
    cut = lost_area(people.boxes, of_box) > CUT
    suspects = {people.records[row]['image_id'] for row in np.flatnonzero(cut)}
    findings = check_files(images, suspects, file, folder)
    if findings or not cut.any():
        return findings
    if (lost_area(people.boxes[cut], of_box[cut, ::-1]) <= 0.01).all():
        return describe(
            'box-turned', file,
            "people have a box that fits the image only if 'width' and "
            "'height' are exchanged", people.records, cut,
            'exchange them in the images of the file')
    return describe(
        'box-outside', file,
        'people have a box that reaches beyond the image by more than '
        f'{CUT:.0%} of its area', people.records, cut,
        "it is cut off there; check the image's 'width' and 'height'",
        severity=WARNING)


def sizes_of(people: People, images: Sequence[dict]) -> np.ndarray:
    """Stated width and height of each person's image in pixels, (P, 2); NaN
    where the file does not know the image."""
    sizes = {image['id']: (image['width'], image['height'])
             for image in images}
    return np.array([sizes.get(ann['image_id'], (np.nan, np.nan))
                     for ann in people.records], dtype=float).reshape(-1, 2)


def lost_area(boxes: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Share of each box that is cut off.

    Args:
        boxes: x, y, w, h in pixels, (P, 4).
        sizes: Width and height of each box's image in pixels, (P, 2).

    Returns:
        0 to 1, (P, ); 0 where there is no box or no size.
    """
    with np.errstate(invalid='ignore', divide='ignore'):
        first = np.clip(boxes[:, :2], 0, sizes)
        last = np.clip(boxes[:, :2] + boxes[:, 2:], 0, sizes)
        kept = (last - first).prod(1) / boxes[:, 2:].prod(1)
    return np.where(np.isfinite(kept), 1 - kept, 0.)


def check_files(images: Sequence[dict], suspects: set, file: str,
                folder: Optional[str]) -> List[Finding]:
    """Compare stated sizes with those of some of the image files."""
    if folder is None:
        return []
    picked = pick(images, suspects)
    real = [size_of(osp.join(folder, image['file_name'])) for image in picked]
    return compare_sizes(picked, real, file)


def compare_sizes(picked: Sequence[dict],
                  real: Sequence[Optional[Tuple[int, int]]],
                  file: str) -> List[Finding]:
    """Compare stated sizes with real ones.

    Args:
        picked: Records of images that were looked at.
        real: Width and height of each as it is loaded; None if unknown.
        file: Path of the annotation file, for the messages.
    """
    wrong = [size not in (None, (image['width'], image['height']))
             for size, image in zip(real, picked)]
    if not any(wrong):
        return []
    image, (width, height) = next(
        (image, size) for image, size, bad in zip(picked, real, wrong) if bad)
    return describe(
        'image-size', file,
        'images that were looked at have another size than the file '
        'says', picked, wrong,
        f'{image["file_name"]} is {width}x{height} (w x h) as it is loaded, '
        f'the file says {image["width"]}x{image["height"]}; boxes are cut to '
        'the stated size, so write the real one, and see that keypoints and '
        'boxes are in pixels of these images')


def pick(images: Sequence[dict], suspects: set) -> List[dict]:
    """Choose image records: suspects first, the others evenly spread."""
    chosen = [image for image in images if image['id'] in suspects]
    others = [image for image in images if image['id'] not in suspects]
    return (chosen + others[::max(1, len(others) // FILES)])[:FILES]


def size_of(path: str) -> Optional[Tuple[int, int]]:
    """Width and height of an image as OpenCV loads it, which obeys EXIF.

    Returns:
        None if there is no such file here or it is no image; the loader says
        so better.
    """
    try:
        with no_bomb_warnings(), Image.open(path) as image:
            turned = orientation_of(image) >= 5
            return image.size[::-1] if turned else image.size
    except (OSError, ValueError, Image.DecompressionBombError):
        return None


def orientation_of(image: Image.Image) -> int:
    """EXIF's orientation, 1 to 8, from the header alone: a PNG's own
    ``getexif`` decodes it all to look behind its pixels."""
    found = Image.Image.getexif(image).get(EXIF_ORIENTATION, 1)
    return found if found in range(1, 9) else 1


@contextmanager
def no_bomb_warnings() -> Iterator[None]:
    """Read headers of pictures that PIL finds large, without a word."""
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', Image.DecompressionBombWarning)
        yield


def check_masks(content: dict, file: str) -> List[Finding]:
    """Check that masks can be drawn, and run-length masks are as large as
    their image is said to be.

    Args:
        content: What the annotation file holds.
        file: Its path, for the messages.
    """
    sizes = {image['id']: [image['height'], image['width']]
             for image in content['images']}
    annotations = content['annotations']
    findings = describe(
        'mask-form', file,
        "annotations have a 'segmentation' that is neither a list of polygons "
        "(x, y, x, y, ...) nor a run-length mask with 'size' and 'counts'",
        annotations,
        [not is_mask(ann.get('segmentation')) for ann in annotations],
        'write one, or take it out')
    return findings or describe(
        'mask-size', file,
        "annotations have a 'segmentation' of another 'size' (h, w) "
        'than their image', annotations,
        [isinstance(ann.get('segmentation'), dict)
         and list(ann['segmentation'].get('size', ())) != sizes.get(
             ann['image_id']) for ann in annotations],
        'such masks cannot be left out of the loss; bring them to the size '
        'of the image')


def is_mask(segmentation: Any) -> bool:
    """Whether a segmentation is one, or none, as COCO writes it."""
    if isinstance(segmentation, dict):
        return not segmentation or isinstance(
            segmentation.get('counts'), (str, list)) and isinstance(
            segmentation.get('size'), list)
    return segmentation is None or isinstance(segmentation, list) and all(
        isinstance(polygon, list) and all(map(is_number, polygon))
        for polygon in segmentation)
