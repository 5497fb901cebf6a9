# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from dataclasses import dataclass
from typing import Iterable, List, Optional, Sequence

import numpy as np


@dataclass(frozen=True)
class Finding:
    """Something about data that stock classes read wrongly or not at all.

    Args:
        text: One sentence or two: what, how many, one example, the cure.
        refused: Whether it cannot be meant, so that a run has to stop.
    """

    text: str
    refused: bool = True


class DataError(ValueError):
    """Data that a run must not start with; the message lists why."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        lines = [f'- {finding.text}' for finding in findings]
        super().__init__('\n'.join(['the data cannot be used as they are:',
                                    *lines]))


def describe(file: str, what: str, records: Sequence[dict],
             mask: Sequence[bool], cure: str,
             refused: bool = True) -> List[Finding]:
    """Say how many records of a file have a fault and name one of them.

    Args:
        file: Path of the file.
        what: The fault, which follows 'N of M'.
        records: Annotations or images of the file, or detections.
        mask: Which of them have the fault, shape (len(records), ).
        cure: What to do.
        refused: Whether a run has to stop.

    Returns:
        One finding, or none if no record has the fault.
    """
    rows = np.flatnonzero(mask)
    if not len(rows):
        return []
    text = (f'{file}: {len(rows)} of {len(records)} {what} '
            f'({name_of(records[rows[0]], rows[0])}); {cure}')
    return [Finding(text, refused)]


def name_of(record: dict, row: int) -> str:
    """Name an annotation, an image or a detection: for example ..."""
    kind = 'image' if 'file_name' in record else 'annotation'
    number: Optional[object] = record.get('id')
    if number is None:
        return f'for example entry {row} of the list'
    of_image = f' of image {record["image_id"]!r}' \
        if 'image_id' in record else ''
    return f'for example {kind} {number!r}{of_image}'
