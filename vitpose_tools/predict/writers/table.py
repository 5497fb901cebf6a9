# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Tables of one row for each keypoint, written as they come."""
import csv
from typing import Any, Dict, List

import numpy as np

from vitpose_tools.extras import need
from ..frame import Frame
from ..poses import Poses
from ..tables import COLUMNS, columns, full
from .place import Place

# Rows of a part of a Parquet file, which are held in memory.
GROUP = 1 << 16


class CsvWriter:
    """predictions.csv: pixels and scores to four digits behind the point;
    what is not known is empty.

    Args:
        place: Where.
    """

    name = 'predictions.csv'

    def __init__(self, place: Place) -> None:
        self.place = place
        self.file = open(place.work / self.name, 'w', encoding='utf-8',
                         newline='')
        self.rows = csv.writer(self.file, lineterminator='\n')
        self.rows.writerow(COLUMNS)

    def write(self, frame: Frame, poses: Poses) -> None:
        rows = poses.scores.size
        self.rows.writerows(zip(*(
            as_text(full(value, rows), rows)
            for value in columns(poses).values())))

    def close(self, complete: bool) -> None:
        self.file.close()
        self.place.finish(self.place.work / self.name, self.name)


def as_text(values: Any, rows: int) -> List[Any]:
    """A column as a CSV file has it."""
    if values is None:
        return [''] * rows
    if values.dtype.kind != 'f':
        return values.tolist()
    return ['' if value != value else round(value, 4)
            for value in values.astype(float).tolist()]


class ParquetWriter:
    """predictions.parquet: 32-bit floats.

    Args:
        place: Where.

    Raises:
        MissingPackage: If pyarrow is not installed.
    """

    name = 'predictions.parquet'

    def __init__(self, place: Place) -> None:
        self.arrow = arrow = need('pyarrow', 'Parquet is written')
        parquet = need('pyarrow.parquet', 'Parquet is written')
        types = dict(source=arrow.string(), frame=arrow.int64(),
                     person=arrow.int32(), track_id=arrow.int64(),
                     keypoint=arrow.string())
        self.schema = arrow.schema([
            (name, types.get(name, arrow.float32())) for name in COLUMNS])
        self.place = place
        self.file = parquet.ParquetWriter(place.work / self.name, self.schema)
        self.waiting: List[Dict[str, Any]] = []
        self.rows = 0

    def write(self, frame: Frame, poses: Poses) -> None:
        if len(poses):
            rows = poses.scores.size
            self.waiting.append({name: full(value, rows) for name, value
                                 in columns(poses).items()})
            self.rows += rows
        if self.rows >= GROUP:
            self.flush()

    def flush(self) -> None:
        """Write what waits."""
        # Taken first: an interrupt between loses rows rather than doubles.
        waiting, self.waiting, self.rows = self.waiting, [], 0
        self.file.write_table(self.arrow.concat_tables(
            self.arrow.table([self.column(part[field.name], part, field)
                              for field in self.schema], schema=self.schema)
            for part in waiting))

    def column(self, values: Any, part: Dict[str, Any], field: Any) -> Any:
        """A column as Arrow's."""
        if values is None:
            return self.arrow.nulls(len(part['x']), field.type)
        if values.dtype.kind == 'f':
            values = values.astype(np.float32)
        return self.arrow.array(values, field.type)

    def close(self, complete: bool) -> None:
        if self.waiting:
            self.flush()
        self.file.close()
        self.place.finish(self.place.work / self.name, self.name)
