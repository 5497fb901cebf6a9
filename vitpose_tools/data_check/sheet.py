# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import List, Optional, Sequence, Tuple

import cv2
import numpy as np

from vitpose_mm.datasets.checks import Example, Finding
from vitpose_mm.datasets.checks.people import read_box
from .check import CheckedFile

TILE, CAPTION, GAP = 256, 46, 8  # pixels
COLUMNS = 4
# Of one kind, and in all.
EACH, MOST = 6, 60
GREY, YELLOW, BLACK = (160, ) * 3, (0, 220, 255), (0, ) * 3


def draw_sheet(findings: Sequence[Finding],
               files: Sequence[CheckedFile]) -> Optional[np.ndarray]:
    """Draw examples of what was found: a person in its crop with box and
    keypoints (filled if visible, a ring if hidden), or a whole image, with
    the kind of the fault, the file and the id below. What is beyond the
    image is grey.

    Args:
        findings: As check_data gives them.
        files: The files, with their images.

    Returns:
        The sheet, shape (h, w, 3), BGR; None if there is nothing to draw.
    """
    tiles = []
    for finding in findings:
        file = next((each for each in files
                     if str(each.file) == finding.where), None)
        examples = finding.examples if file is not None else ()
        for example in examples[:EACH]:
            if isinstance(example.file_name, str) and len(tiles) < MOST:
                tiles.append(draw_tile(finding, example, file))
    return lay_out(tiles) if tiles else None


def draw_tile(finding: Finding, example: Example,
              file: CheckedFile) -> np.ndarray:
    """Draw one example, with its caption."""
    row = next((row for row, image in enumerate(file.content['images'])
                if image['file_name'] == example.file_name), None)
    image = read(file, row)
    anns = [ann for ann in file.content['annotations']
            if ann['id'] == example.annotation_id
            and ann['image_id'] == example.image_id]
    if image is None:
        tile = np.full((TILE, TILE, 3), GREY, np.uint8)
        write(tile, 'no picture', TILE // 2)
    else:
        tile = draw_person(image, anns[0] if anns else None, file.metainfo)
    caption = np.full((CAPTION, TILE, 3), 255, np.uint8)
    write(caption, f'{finding.severity}: {finding.kind}', 12)
    write(caption, example.file_name, 26)
    number = example.annotation_id
    write(caption, f'image {example.image_id}' if number is None
          else f'annotation {number}', 40)
    return np.concatenate([tile, caption])


def read(file: CheckedFile, row: Optional[int]) -> Optional[np.ndarray]:
    """An image that can be loaded, (h, w, 3), BGR, turned as EXIF says."""
    fact = file.facts[row] if row is not None else None
    if fact is None or fact.size is None or fact.huge:
        return None
    try:
        return cv2.imread(
            str(file.folder / file.content['images'][row]['file_name']))
    except cv2.error:
        return None


def draw_person(image: np.ndarray, ann: Optional[dict],
                metainfo: dict) -> np.ndarray:
    """Draw a person on a crop, or an image as it is.

    Args:
        image: Shape (h, w, 3), BGR.
        ann: The annotation, None for the image alone.
        metainfo: Colours and skeleton.

    Returns:
        Shape (TILE, TILE, 3), BGR.
    """
    size = np.array(image.shape[1::-1], dtype=float)
    box, points = parts_of(ann or {})
    first, last = region(box, points, size) if ann else (np.zeros(2), size)
    scale = TILE / max((last - first).max(), 1.)
    shift = TILE / 2 - scale * (first + last) / 2
    warp = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
    tile = cv2.warpAffine(image, warp, (TILE, TILE), flags=cv2.INTER_AREA,
                          borderValue=GREY)

    def at(point: np.ndarray) -> Tuple[int, int]:
        place = np.clip(scale * np.asarray(point) + shift, -TILE, 2 * TILE)
        return tuple(np.round(place).astype(int).tolist())

    if np.isfinite(box).all():
        cv2.rectangle(tile, at(box[:2]), at(box[:2] + box[2:]), YELLOW, 1)
    seen = (points[:, 2] > 0) & np.isfinite(points).all(1)
    for start, end in metainfo.get('skeleton_links', ()):
        if max(start, end) < len(seen) and seen[start] and seen[end]:
            cv2.line(tile, at(points[start, :2]), at(points[end, :2]),
                     GREY, 1, cv2.LINE_AA)
    colours = metainfo.get('keypoint_colors', ())
    for index in np.flatnonzero(seen):
        colour = tuple(int(value) for value in colours[index][::-1]) \
            if index < len(colours) else YELLOW
        cv2.circle(tile, at(points[index, :2]), 3, colour,
                   -1 if points[index, 2] > 1 else 1, cv2.LINE_AA)
    return tile


def parts_of(ann: dict) -> Tuple[np.ndarray, np.ndarray]:
    """Box x, y, w, h (NaN without one) and keypoints (K, 3), whatever the
    annotation holds."""
    box = np.array(read_box(ann.get('bbox')), dtype=float)
    try:
        values = np.array(ann.get('keypoints') or [], dtype=float).ravel()
    except (TypeError, ValueError):
        values = np.zeros(0)
    return box, values[:len(values) // 3 * 3].reshape(-1, 3)


def region(box: np.ndarray, points: np.ndarray,
           size: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """First and last corner of what is drawn: box and labelled keypoints
    with a margin, but no more than an image's size beyond the image."""
    corners = [points[points[:, 2] > 0, :2], box[None, :2],
               box[None, :2] + box[None, 2:]]
    corners = np.concatenate(corners)
    corners = corners[np.isfinite(corners).all(1)]
    if not len(corners):
        return np.zeros(2), size
    corners = np.clip(corners, -size, 2 * size)
    first, last = corners.min(0), corners.max(0)
    margin = 0.15 * max((last - first).max(), 16.)
    return first - margin, last + margin


def write(tile: np.ndarray, text: str, y: int) -> None:
    """Write one line, its end where it is too long; OpenCV knows ASCII."""
    text = text.encode('ascii', 'replace').decode()
    cv2.putText(tile, text if len(text) < 40 else '...' + text[-36:], (4, y),
                cv2.FONT_HERSHEY_SIMPLEX, 0.36, BLACK, 1, cv2.LINE_AA)


def lay_out(tiles: List[np.ndarray]) -> np.ndarray:
    """Arrange tiles in rows; white where there is none."""
    columns = min(COLUMNS, len(tiles))
    rows = -(-len(tiles) // columns)
    h, w = tiles[0].shape[0] + GAP, TILE + GAP
    sheet = np.full((rows * h + GAP, columns * w + GAP, 3), 255, np.uint8)
    for index, tile in enumerate(tiles):
        row, column = divmod(index, columns)
        y, x = row * h + GAP, column * w + GAP
        sheet[y:y + tile.shape[0], x:x + TILE] = tile
    return sheet
