# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from dataclasses import dataclass, field
from typing import Iterable, List, Optional, Sequence, Tuple

import numpy as np

# A run must not start with it; it trains or scores, but hardly as meant; it
# is good to know.
ERROR, WARNING, NOTE = SEVERITIES = ('error', 'warning', 'note')
# Of the people who count; below, a benchmark's own slips pass with a warning.
FEW = 0.01
# Examples that a finding names at most.
EXAMPLES = 10


@dataclass(frozen=True)
class Example:
    """One record that has a fault.

    Args:
        row: Its place in the list that was looked at.
        image_id: Id of its image.
        annotation_id: Its id, if it is an annotation.
        file_name: Path of the image as the file gives it, where known.
        said: What is to be said of this one alone.
    """

    row: int
    image_id: Optional[object] = None
    annotation_id: Optional[object] = None
    file_name: Optional[str] = None
    said: str = ''

    def __str__(self) -> str:
        name = f'entry {self.row} of the list'
        if self.annotation_id is not None:
            of_image = '' if self.image_id is None else \
                f' of image {self.image_id!r}'
            name = f'annotation {self.annotation_id!r}{of_image}'
        elif self.image_id is not None:
            name = f'image {self.image_id!r}'
        return f'{name}, {self.said}' if self.said else name


@dataclass(frozen=True)
class Finding:
    """Something about data that stock classes read wrongly or not at all.

    Args:
        kind: Name of the fault for programs, such as 'box-empty'.
        where: Path of the file, or what else has the fault.
        what: The fault; it follows 'N of M' where things are counted.
        cure: What to do.
        severity: 'error' (a run has to stop), 'warning' or 'note'.
        count: How many have the fault.
        total: Of how many; 0 where nothing is counted.
        examples: Some of them.
    """

    kind: str
    where: str
    what: str
    cure: str = ''
    severity: str = ERROR
    count: int = 1
    total: int = 0
    examples: Tuple[Example, ...] = field(default=(), repr=False)

    @property
    def refused(self) -> bool:
        """Whether it cannot be meant, so that a run has to stop."""
        return self.severity == ERROR

    @property
    def text(self) -> str:
        """One sentence or two: what, how many, one example, the cure."""
        counted = f'{self.count} of {self.total} ' if self.total else ''
        named = f' (for example {self.examples[0]})' if self.examples else ''
        cure = f'; {self.cure}' if self.cure else ''
        return f'{self.where}: {counted}{self.what}{named}{cure}'


class DataError(ValueError):
    """Data that a run must not start with; the message lists why."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        lines = [f'- {finding.text}' for finding in findings]
        super().__init__('\n'.join(['the data cannot be used as they are:',
                                    *lines]))


def describe(kind: str, file: str, what: str, records: Sequence[dict],
             mask: Sequence[bool], cure: str,
             severity: str = ERROR) -> List[Finding]:
    """Say how many records of a file have a fault and name some of them.

    Args:
        kind: Name of the fault for programs.
        file: Path of the file.
        what: The fault, which follows 'N of M'.
        records: Annotations or images of the file, or detections.
        mask: Which of them have the fault, shape (len(records), ).
        cure: What to do.
        severity: 'error' (a run has to stop), 'warning' or 'note'.

    Returns:
        One finding, or none if no record has the fault.
    """
    rows = np.flatnonzero(mask)
    if not len(rows):
        return []
    examples = tuple(name_of(records[row], row)
                     for row in rows[:EXAMPLES].tolist())
    return [Finding(kind, file, what, cure, severity, len(rows),
                    len(records), examples)]


def name_of(record: dict, row: int) -> Example:
    """Name an annotation, an image or a detection."""
    if not isinstance(record, dict):
        return Example(row)
    number = record.get('id')
    if 'file_name' in record:
        return Example(row, number, file_name=record['file_name'])
    if number is None:
        return Example(row)
    return Example(row, record.get('image_id'), number)
