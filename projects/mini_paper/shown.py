# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Which runs a report shows of a table, from results/*.json."""
import json
from dataclasses import replace
from pathlib import Path
from typing import List, NamedTuple, Optional, Tuple

from compare import Difference, compare, points
from rows import Pair, Table


class Shown(NamedTuple):
    """What is shown of a table.

    Attributes:
        name: Of the table, and of the form where it is not the usual one.
        table: The table, of another form with nothing but what was run.
        content: Of the file of results; None if there is none.
    """

    name: str
    table: Table
    content: Optional[dict]

    @property
    def runs(self) -> List[dict]:
        return self.content['runs'] if self.content else []


def find_results(table: Table, folder: Path) -> List[Shown]:
    """The file of a table with most comparisons of three seeds, of those the
    one with most runs, whatever its form but the test's; after it what is
    there of form `full`."""
    def worth(content: dict) -> Tuple[int, int]:
        whole = sum(found is not None and found.seeds >= 3 for _, found in
                    compared(table, content['runs']))
        return whole, len(content['runs'])

    contents = [json.loads(path.read_text()) for path in
                sorted(folder.glob(f'{table.name}_*_*.json'))]
    contents = [content for content in contents
                if content['form'] != 'smallest']
    first = max(contents, key=worth, default=None)
    return [Shown(table.name, table, first)] + [
        Shown(f'{table.name}, full', full_form(table, content['runs']),
              content)
        for content in contents
        if content['form'] == 'full' and content is not first]


def full_form(table: Table, runs: List[dict]) -> Table:
    """A table whose title says its form, without rows that were not run and
    their pairs."""
    names = {run['name'] for run in runs}
    return replace(
        table, title=f'{table.title}, form full',
        rows={name: row for name, row in table.rows.items() if name in names},
        pairs=[pair for pair in table.pairs
               if {pair.row, pair.than} <= names])


def compared(table: Table, runs: List[dict]
             ) -> List[Tuple[Pair, Optional[Difference]]]:
    """What a table compares, and the difference."""
    return [(pair, compare(points(table, runs, pair.row),
                           points(table, runs, pair.than)))
            for pair in table.pairs]
