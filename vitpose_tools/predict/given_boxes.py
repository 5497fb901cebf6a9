# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Any, Iterable, Iterator, Optional

import numpy as np

from .errors import PredictError
from .frame import Boxes, Frame


class GivenBoxes:
    """Boxes that the caller has, one entry for each image.

    Args:
        entries: What as_boxes takes, as many as there are images.
    """

    def __init__(self, entries: Iterable[Any]) -> None:
        self.entries: Iterator[Any] = iter(entries)
        self.number = 0

    def __call__(self, frame: Frame) -> Boxes:
        try:
            entry = next(self.entries)
        except StopIteration:
            raise PredictError(
                f'there are boxes of {self.number} images, but more images; '
                'give one entry for each, perhaps an empty one') from None
        self.number += 1
        return as_boxes(entry, frame.source)

    def check_all_used(self) -> None:
        """Raise PredictError if there are entries without an image."""
        if next(self.entries, None) is not None:
            raise PredictError(f'there are boxes of more than the '
                               f'{self.number} images')


class SameBoxes:
    """The same boxes in all images, as of a camera that stands still.

    Args:
        boxes: What as_boxes takes.
    """

    def __init__(self, boxes: Any) -> None:
        self.boxes = as_boxes(boxes, 'every image')

    def __call__(self, frame: Frame) -> Boxes:
        return self.boxes


def as_boxes(given: Any, name: str) -> Boxes:
    """Boxes of one image.

    Args:
        given: Boxes, or x1, y1, x2, y2 in image pixels, perhaps with a
            score: shape (N, 4), (N, 5) or that of one box; None is nobody.
        name: Of the image, for messages.

    Raises:
        PredictError: If it is something else, not finite, or a box without
            area.
    """
    if isinstance(given, Boxes):
        xyxy, scores, track_ids = given
    else:
        xyxy, scores, track_ids = *split(given, name), None
    xyxy = np.asarray(xyxy, np.float32).reshape(-1, 4)
    scores = np.ones(len(xyxy), np.float32) if scores is None else \
        np.asarray(scores, np.float32)
    if not (np.isfinite(xyxy).all() and np.isfinite(scores).all()):
        raise PredictError(f'a box of {name} is not finite: '
                           f'{first_bad(xyxy, scores)}')
    flat = np.flatnonzero((xyxy[:, 2:] <= xyxy[:, :2]).any(1))
    if len(flat):
        box = xyxy[flat[0]].tolist()
        raise PredictError(f'the box {box} of {name} has no area; boxes are '
                           'x1, y1, x2, y2 with x1 < x2 and y1 < y2')
    return Boxes(xyxy, scores, track_ids)


def split(given: Any, name: str) -> tuple:
    if hasattr(given, 'detach'):
        given = given.detach().cpu().numpy()
    try:
        table = np.asarray([] if given is None else given, np.float64)
    except (TypeError, ValueError):
        table = np.empty(3)
    if table.size == 0:
        table = table.reshape(0, 4)
    if table.ndim == 1:
        table = table[None]
    if table.ndim != 2 or table.shape[1] not in (4, 5):
        raise PredictError(
            f'the boxes of {name} are no (N, 4) of x1, y1, x2, y2 in image '
            'pixels, nor (N, 5) with a score')
    return table[:, :4], table[:, 4] if table.shape[1] == 5 else None


def first_bad(xyxy: np.ndarray, scores: np.ndarray) -> Optional[list]:
    table = np.column_stack((xyxy, scores))
    return table[~np.isfinite(table).all(1)][0].tolist()
