# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""DeepLabCut's tables: of predictions, as analyze_videos writes them, and of
labels to start from."""
import csv
import io
import pickle
from typing import Any, Iterator, List, Optional, Sequence, Tuple

import numpy as np

from vitpose_tools.extras import need
from .place import Place
from .spool import Spool

SCORER = 'vitpose_mm'
# Of a network; DeepLabCut and what reads its files look for 'DLC' in names.
NETWORK = f'DLC_{SCORER}'
LEVELS = ('scorer', 'individuals', 'bodyparts', 'coords')
# HDF5 has no room for more in an attribute.
ATTRIBUTE = 60000


def header(scorer: str, individuals: Optional[Sequence[str]],
           names: Sequence[str], coords: Sequence[str]) -> List[tuple]:
    """Columns of a table: scorer, individual if there are several, keypoint,
    coordinate."""
    if individuals is None:
        return [(scorer, name, coord) for name in names for coord in coords]
    return [(scorer, individual, name, coord) for individual in individuals
            for name in names for coord in coords]


def levels(columns: List[tuple]) -> List[str]:
    """Names of the levels of a header."""
    return [name for name in LEVELS
            if len(columns[0]) == 4 or name != 'individuals']


def write_header(writer: Any, columns: List[tuple]) -> None:
    """Write the first lines of a CSV file."""
    for level, row in zip(levels(columns), zip(*columns)):
        writer.writerow([level, *row])


def columns_of(spool: Spool, names: Sequence[str]) -> List[tuple]:
    """Columns of predictions: without individuals if there is but one.
    An individual is named by its track id, as it is drawn; where people are
    not followed, by its place from 1."""
    individuals = None
    if len(spool.ids) > 1:
        individuals = [f'individual{one + (not spool.followed)}'
                       for one in spool.ids]
    return header(NETWORK, individuals, names, ('x', 'y', 'likelihood'))


def blocks(spool: Spool, keypoints: int) -> Iterator[Tuple[int, np.ndarray]]:
    """The first row and values of parts of a table, shape (rows, columns);
    NaN where an individual is not in a frame."""
    ids = np.array(spool.ids, int)
    for start, stop, people in spool.parts():
        block = np.full((stop - start, max(len(ids), 1), keypoints, 3),
                        np.nan)
        place = people['row'] - start, np.searchsorted(ids, people['id'])
        block[(*place, ..., slice(0, 2))] = people['keypoints']
        block[(*place, ..., 2)] = people['scores']
        yield start, block.reshape(stop - start, -1)


def row_names(spool: Spool, start: int, stop: int) -> list:
    """Indices of frames, or paths of pictures with '/'."""
    if not spool.pictures:
        return list(range(start, stop))
    return [name.replace('\\', '/') for name, _ in
            spool.pictures[start:stop]]


class DlcCsv:
    """VIDEODLC_vitpose_mm.csv of each video; imagesDLC_vitpose_mm.csv of all
    pictures. Four digits behind the point.

    Args:
        place: Where.
    """

    def __init__(self, place: Place) -> None:
        self.place = place

    def __call__(self, spool: Spool) -> None:
        names = self.place.skeleton.names
        partial = self.place.work / 'dlc.csv'
        with open(partial, 'w', encoding='utf-8', newline='') as file:
            writer = csv.writer(file, lineterminator='\n')
            write_header(writer, columns_of(spool, names))
            for start, block in blocks(spool, len(names)):
                rows = row_names(spool, start, start + len(block))
                for row, values in zip(rows, block.tolist()):
                    writer.writerow([row] + [
                        '' if value != value else round(value, 4)
                        for value in values])
        self.place.finish(partial, self.place.free_name(
            spool.source or 'images', f'{NETWORK}.csv'))


class DlcH5:
    """The same as h5, under DeepLabCut's key 'df_with_missing', in pandas'
    table form.

    Args:
        place: Where.

    Raises:
        MissingPackage: If pandas or PyTables is not installed.
    """

    def __init__(self, place: Place) -> None:
        self.place = place
        self.pandas = need('pandas', "DeepLabCut's h5 is written")
        need('tables', "DeepLabCut's h5 is written")

    def __call__(self, spool: Spool) -> None:
        names = self.place.skeleton.names
        columns = columns_of(spool, names)
        index = self.pandas.MultiIndex.from_tuples(
            columns, names=levels(columns))
        partial = self.place.work / 'dlc.h5'
        parts = (self.pandas.DataFrame(
            block, columns=index,
            index=row_names(spool, start, start + len(block)))
            for start, block in blocks(spool, len(names)))
        with self.pandas.HDFStore(partial, 'w') as store:
            key = 'df_with_missing'
            if len(pickle.dumps(columns)) < ATTRIBUTE:
                longest = max((len(name.encode()) for name, _ in
                               spool.pictures), default=0)
                for part in parts:
                    store.append(key, part, min_itemsize={
                        'index': longest} if longest else None)
            else:
                # The other form of pandas has room for all columns, but
                # takes all rows at once.
                store.put(key, self.pandas.concat(parts), format='fixed',
                          track_times=False)
        self.place.finish(partial, self.place.free_name(
            spool.source or 'images', f'{NETWORK}.h5'))


def start_labels(names: Sequence[str], files: Sequence[str],
                 keypoints: np.ndarray) -> str:
    """The text of a CollectedData file, to be corrected.

    Args:
        names: Of the keypoints, K of them.
        files: Path of each picture, with '/', F of them.
        keypoints: x, y in pixels, shape (F, K, 2); NaN is left empty.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator='\n')
    write_header(writer, header(SCORER, None, names, 'xy'))
    for file, points in zip(files, keypoints):
        writer.writerow([file] + [
            round(float(value), 3) if np.isfinite(value) else ''
            for value in points.flat])
    return text.getvalue()
