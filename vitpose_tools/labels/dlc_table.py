# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""The table in which DeepLabCut keeps labels, from CSV or h5."""
import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Iterable, List, Optional, Tuple

import numpy as np

from .locate import IMAGE_SUFFIXES
from .records import LabelsError
from .text import read_text

SUFFIXES = ('.csv', '.h5')
HEADER = ('scorer', 'individuals', 'bodyparts', 'coords')


@dataclass
class Table:
    """Labels of pictures.

    Attributes:
        columns: Individual (None where the table has one animal), body part,
            'x' or 'y'.
        rows: Path of a picture as it was written, and a number in pixels for
            each column, NaN where not labelled.
    """
    columns: List[Tuple[Optional[str], str, str]]
    rows: List[Tuple[str, np.ndarray]]


def read_table(path: Path) -> Table:
    """Read a table.

    Raises:
        LabelsError: If it holds no labels.
    """
    if path.suffix.lower() == '.csv':
        return read_csv(path)
    from .dlc_h5 import read_h5
    columns, rows = read_h5(path)
    return make_table(path, columns, rows)


def is_table(path: Path) -> bool:
    """Whether a CSV file begins as DeepLabCut's do."""
    if path.suffix.lower() != '.csv':
        return False
    with open(path, encoding='utf-8-sig', errors='replace') as file:
        return file.readline().startswith('scorer')


def read_csv(path: Path) -> Table:
    """Read a CSV: three or four lines of header, then a picture a line, its
    path in one cell or in three (labeled-data, video, file)."""
    text = read_text(path)
    first = text.split('\n', 1)[0]
    # A spreadsheet saves semicolons where the comma is the decimal point.
    delimiter = max(',;\t', key=first.count)
    try:
        lines = [line for line in csv.reader(io.StringIO(text),
                                             delimiter=delimiter)
                 if any(line)]
    except csv.Error as error:
        raise LabelsError(f'{path} is no table ({error})')
    header = {}
    for line in lines[:len(HEADER)]:
        if line[0] in HEADER:
            header[line[0]] = line[1:]
    if not {'bodyparts', 'coords'} <= set(header):
        raise LabelsError(
            f'{path} has no lines "bodyparts" and "coords" at its top, so it '
            'is no table of DeepLabCut')
    # Cells that belong to the path are empty in the header.
    indent = next((i for i, cell in enumerate(header['coords']) if cell), 0)
    parts = header['bodyparts'][indent:]
    individuals = header.get('individuals', [])[indent:] or [None] * len(parts)
    columns = list(zip(individuals, parts, header['coords'][indent:]))
    rows = []
    for number, line in enumerate(lines[len(header):], len(header) + 1):
        cells = line[indent + 1:indent + 1 + len(columns)]
        cells += [''] * (len(columns) - len(cells))
        if delimiter != ',':
            cells = [cell.replace(',', '.') for cell in cells]
        try:
            values = [float(cell) if cell.strip() else np.nan
                      for cell in cells]
        except ValueError as error:
            raise LabelsError(f'{path}, row {number}: {error}')
        rows.append(('/'.join(filter(None, line[:indent + 1])), values))
    return make_table(path, columns, rows)


def make_table(path: Path, columns: Iterable[tuple], rows: List[tuple]
               ) -> Table:
    """Check what was read.

    Raises:
        LabelsError: If it is not labels of pictures.
    """
    columns = list(columns)
    coords = {coord for _, _, coord in columns}
    if 'likelihood' in coords:
        raise LabelsError(
            f'{path} holds predictions of a network (it has a likelihood), '
            'not labels; give the CollectedData table')
    if coords != {'x', 'y'} or len(set(columns)) < len(columns):
        raise LabelsError(f'{path}: each body part must have one x and one y')
    if not rows:
        raise LabelsError(f'{path} has a header but no labels')
    name = str(rows[0][0])
    if not name.lower().endswith(IMAGE_SUFFIXES):
        raise LabelsError(
            f'{path}: the first row belongs to {name!r}, which is no picture; '
            'give the CollectedData table')
    return Table(columns, [(str(name), np.asarray(values, float))
                           for name, values in rows])
