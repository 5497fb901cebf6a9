# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""The h5 files that pandas writes for DeepLabCut, read without pandas:
`pandas.read_hdf` unpickles whatever a file holds."""
import io
import pickle
from pathlib import Path
from typing import Any, List, Tuple

import numpy as np

from .extra import need
from .records import LabelsError

# Bytes of a dataset in memory.
MOST = 1 << 30


class PlainUnpickler(pickle.Unpickler):
    """Takes lists, tuples, texts and numbers; refuses everything that has to
    be looked up and could run."""

    def find_class(self, module: str, name: str) -> Any:
        raise pickle.UnpicklingError(f'{module}.{name} is not allowed')


def plain(value: bytes) -> Any:
    """A list or tuple that pandas pickled into an attribute."""
    return PlainUnpickler(io.BytesIO(bytes(value))).load()


def read_h5(path: Path) -> Tuple[List[tuple], List[tuple]]:
    """Read a data frame.

    Args:
        path: The file.

    Returns:
        Columns (individual or None, body part, coordinate), and rows (path,
        values).

    Raises:
        LabelsError: If it holds none of the form of labels.
    """
    h5py = need('h5py', path)
    try:
        with h5py.File(path, 'r') as file:
            frames = [group for group in file.values()
                      if 'pandas_type' in group.attrs]
            if len(frames) != 1:
                raise LabelsError(f'{path} holds {len(frames)} tables, not '
                                  'the one that DeepLabCut writes')
            read = read_table if 'table' in frames[0] else read_fixed
            columns, index, values = read(frames[0])
    except (OSError, KeyError, ValueError, TypeError, IndexError, EOFError,
            pickle.UnpicklingError) as error:
        if isinstance(error, LabelsError):
            raise
        raise LabelsError(f'{path} is not an h5 file of labels as DeepLabCut '
                          f'writes it ({error}); give the CSV of the same '
                          'name')
    if {len(column) for column in columns} - {3, 4}:
        raise LabelsError(f'{path}: columns must be scorer, (individuals,) '
                          'bodyparts and coords')
    columns = [(column[1] if len(column) == 4 else None, *column[-2:])
               for column in columns]
    return columns, [('/'.join(names), row)
                     for names, row in zip(index, values)]


def axis(group: Any, name: str) -> List[tuple]:
    """Labels of an axis in pandas' fixed form."""
    if group.attrs[f'{name}_variety'] != b'multi':
        return [(text,) for text in texts(group[name])]
    levels = []
    for i in range(int(group.attrs[f'{name}_nlevels'])):
        level = texts(group[f'{name}_level{i}'])
        levels.append([
            level[code] for code in content(group[f'{name}_label{i}'])])
    return list(zip(*levels))


def content(dataset: Any) -> np.ndarray:
    """All of a dataset, which takes no room in a file where it is not
    written.

    Raises:
        ValueError: If it is too large for labels.
    """
    if dataset.nbytes > MOST:
        raise ValueError(f'{dataset.name} would take {dataset.nbytes:,} '
                         'bytes')
    return dataset[()]


def texts(dataset: Any) -> List[str]:
    """Strings of a dataset; pickled objects are refused."""
    if dataset.dtype.kind != 'S':
        raise ValueError(f'{dataset.name} holds {dataset.dtype}, not text')
    return [value.decode() for value in content(dataset)]


def read_fixed(group: Any) -> tuple:
    """pandas' fixed form: blocks of columns of one type."""
    columns, index = axis(group, 'axis0'), axis(group, 'axis1')
    values = np.full((len(index), len(columns)), np.nan)
    place = {column: i for i, column in enumerate(columns)}
    for block in range(int(group.attrs['nblocks'])):
        items = axis(group, f'block{block}_items')
        dataset = group[f'block{block}_values']
        if dataset.dtype.kind not in 'fiu':
            raise ValueError(f'{dataset.name} holds no numbers')
        values[:, [place[item] for item in items]] = content(dataset)
    return columns, index, values


def read_table(group: Any) -> tuple:
    """pandas' table form, of older versions of DeepLabCut."""
    table = content(group['table'])
    attrs = group['table'].attrs
    (axis_number, columns), = plain(group.attrs['non_index_axes'])
    values = np.full((len(table), len(columns)), np.nan)
    place = {tuple(column): i for i, column in enumerate(columns)}
    for name in plain(group.attrs['values_cols']):
        items = plain(attrs[f'{name}_kind'])
        values[:, [place[tuple(item)] for item in items]] = table[name]
    return ([tuple(map(str, column)) for column in columns],
            [(name.decode(),) for name in table['index']], values)
