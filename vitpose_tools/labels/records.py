# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""What every reader of labels returns, whatever tool wrote them."""
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, List, Optional, Tuple

import numpy as np


class LabelsError(ValueError):
    """Labels cannot be imported; the text says why and what to do."""


@dataclass
class Instance:
    """One animal or person in a picture.

    Attributes:
        keypoints: Shape (K, 3): x, y and visibility (0 not labelled, 1
            labelled but hidden, 2 visible). x and y are in the unit of its
            picture; where the visibility is 0 they mean nothing and may be
            NaN.
        bbox: Left, top, width and height in the same unit, where the source
            has a box.
        name: Of the individual, where the source names it.
    """
    keypoints: np.ndarray
    bbox: Optional[Tuple[float, float, float, float]] = None
    name: Optional[str] = None


@dataclass
class Picture:
    """A labelled picture.

    Attributes:
        name: What the source calls it, with '/' between folders.
        instances: Who is in it.
        path: Its file; None where it was not found.
        frame: Gives the picture instead of a file, shape (h, w, 3), BGR; None
            where it cannot be decoded. For frames of videos.
        video: What video it is of, where the source says so.
        frame_index: Its place in that video, from 0, where known.
        split: 'train', 'val' or 'test', where the source says so.
        size: (w, h) in pixels that the source states.
        relative: x is in widths of the picture and y in heights instead of
            pixels.
    """
    name: str
    instances: List[Instance]
    path: Optional[Path] = None
    frame: Optional[Callable[[], Optional[np.ndarray]]] = None
    video: Optional[str] = None
    frame_index: Optional[int] = None
    split: Optional[str] = None
    size: Optional[Tuple[int, int]] = None
    relative: bool = False


@dataclass
class Labels:
    """All labels of a source.

    Attributes:
        format: Name of the format, for the summary.
        keypoints: K names.
        skeleton: Pairs of indices of ``keypoints``, from 0.
        pictures: In the order of the source.
        category: What the instances are, where the source says so.
        skipped: Reason to number, of what the reader left out.
        notes: What the reader had to assume, to number.
        files: What holds the labels; the same bytes, the same labels.
        pairs: Pairs of indices that change places in a mirrored picture,
            where the source says so.
    """
    format: str
    keypoints: List[str]
    skeleton: List[Tuple[int, int]]
    pictures: List[Picture]
    category: str = 'animal'
    skipped: Counter = field(default_factory=Counter)
    notes: Counter = field(default_factory=Counter)
    files: List[Path] = field(default_factory=list)
    pairs: List[Tuple[int, int]] = field(default_factory=list)
