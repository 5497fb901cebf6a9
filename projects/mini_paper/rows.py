# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Tables and forms: what is trained, read from their files."""
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, List

import click
import yaml

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
TOOLS = ('mmpose', 'mmpretrain')
# What 1 in the results is in tables and figures; less of an error is better.
UNITS = dict(percent=100., pixels=-1.)


@dataclass(frozen=True)
class Row:
    """One training: a config and what --cfg-options changes in it.

    In values of options, ``{STAGE}`` stands for the last checkpoint of a
    stage, ``{STAGE:FILE}`` for another file of its folder.

    Attributes:
        name: Of the row or stage.
        config: Path of the config, from the root of the repository.
        options: Key to value, as text, as --cfg-options takes them.
        tool: Whose ``mim train`` it is.
        seeds: Its own seeds where they are fewer than the table's: a stage
            that all seeds share has one.
    """
    name: str
    config: str
    options: Dict[str, str]
    tool: str = 'mmpose'
    seeds: int = 0

    def seed(self, seed: int) -> int:
        """Its seed where the table's is ``seed``."""
        return seed % self.seeds if self.seeds else seed


@dataclass(frozen=True)
class Pair:
    """A row and one it is compared with, seed by seed.

    Attributes:
        expect: 'better', 'worse' or 'same', from the claim.
        published: Difference that the paper prints.
    """
    row: str
    than: str
    expect: str
    published: str


@dataclass(frozen=True)
class Table:
    """Rows that are compared, the claim they are about, and the stages that
    some of them need first.

    Attributes:
        kinds: Which data it needs.
        metrics: Name in the results to heading, the first decides.
        pairs: What is compared, and what the paper says of it.
        unit: Of the metric that decides, of UNITS.
    """
    name: str
    title: str
    claim: str
    kinds: List[str]
    metrics: Dict[str, str]
    pairs: List[Pair]
    rows: Dict[str, Row]
    stages: Dict[str, Row] = field(default_factory=dict)
    unit: str = 'percent'

    @property
    def metric(self) -> str:
        """The one that decides."""
        return next(iter(self.metrics))

    @property
    def heading(self) -> str:
        """Of the metric that decides."""
        return self.metrics[self.metric]

    def rows_in(self, form: 'Form') -> List[Row]:
        """Rows that are themselves in a form."""
        return [row for row in self.rows.values() if form.takes(row)]


@dataclass(frozen=True)
class Form:
    """How large an experiment is.

    Attributes:
        text: What it is, for the report.
        images: Images of the training and the test set of each kind.
        people: Bodies in each image.
        options: Tool to options that win over the rows' own.
        times: Tool to options whose value in a row is multiplied, where it
            has them.
        is_test: Whether rows mean nothing in it. In other forms a row is
            left out whose own options the form would overwrite.
    """
    name: str
    text: str
    images: Dict[str, int]
    people: int
    options: Dict[str, Dict[str, str]]
    times: Dict[str, Dict[str, int]]
    is_test: bool

    def takes(self, row: Row) -> bool:
        """Whether a row is itself in this form."""
        return self.is_test or not set(row.options) & set(
            self.options[row.tool])


def read(path: Path) -> dict:
    if not path.exists():
        known = ', '.join(sorted(p.stem for p in path.parent.glob('*.yml')))
        raise click.ClickException(
            f"no {path.parent.name[:-1]} is called '{path.stem}'; there are "
            f'{known}')
    return yaml.safe_load(path.read_text())


def texts(options: Dict[str, Any]) -> Dict[str, str]:
    return {key: str(value) for key, value in (options or {}).items()}


def read_row(name: str, entry: dict, path: Path) -> Row:
    """Read a row or stage.

    Raises:
        click.ClickException: If it is none.
    """
    if not isinstance(name, str):
        raise click.ClickException(f'{path}: YAML reads {name} as a number; '
                                   'put it between quotes')
    unknown = set(entry) - {'config', 'options', 'tool', 'seeds'}
    if unknown or 'config' not in entry:
        raise click.ClickException(
            f"{path}: '{name}' has a config, and may have options, tool and "
            f'seeds, but not {sorted(unknown)}')
    row = Row(name, entry['config'], texts(entry.get('options')),
              entry.get('tool', 'mmpose'), entry.get('seeds', 0))
    if row.tool not in TOOLS or not (ROOT / row.config).exists():
        raise click.ClickException(
            f"{path}: '{name}' needs a config that exists, not "
            f'{row.config}, and a tool of {TOOLS}, not {row.tool}')
    return row


def read_table(name: str) -> Table:
    """Read ``tables/NAME.yml``.

    Raises:
        click.ClickException: If there is none, or it is none.
    """
    path = HERE / 'tables' / f'{name}.yml'
    entry = read(path)
    rows = {key: read_row(key, row, path) for key, row in
            entry['rows'].items()}
    stages = {key: read_row(key, row, path) for key, row in
              entry.get('stages', {}).items()}
    pairs = [Pair(**pair) for pair in entry['pairs']]
    wrong = {end for pair in pairs for end in (pair.row, pair.than)
             } - set(rows)
    if wrong:
        raise click.ClickException(f'{path}: pairs name {sorted(wrong)}, '
                                   'which is no row')
    unit = entry.get('unit', 'percent')
    if unit not in UNITS:
        raise click.ClickException(f"{path}: unit is one of {list(UNITS)}, "
                                   f"not '{unit}'")
    return Table(name, entry['title'], entry['claim'], entry['kinds'],
                 entry['metrics'], pairs, rows, stages, unit)


def read_form(name: str) -> Form:
    """Read ``forms/NAME.yml``.

    Raises:
        click.ClickException: If there is none.
    """
    entry = read(HERE / 'forms' / f'{name}.yml')
    options = {tool: texts(entry.get('options', {}).get(tool))
               for tool in TOOLS}
    times = {tool: entry.get('times', {}).get(tool, {}) for tool in TOOLS}
    return Form(name, entry['text'], entry['images'], entry['people'],
                options, times, entry.get('is_test', False))


def table_names() -> List[str]:
    return sorted(path.stem for path in (HERE / 'tables').glob('*.yml'))
