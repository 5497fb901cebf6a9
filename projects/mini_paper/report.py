# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Write figures and tables of docs/mini_paper.md from results/*.json.

    python projects/mini_paper/report.py

fills in what stands between `<!-- begin NAME -->` and `<!-- end NAME -->`.
"""
import re
from pathlib import Path
from typing import List

import click
import matplotlib
import numpy as np
from compare import (HELD, NOT_HELD, NOT_RUN, OPEN, judge, mean_and_spread,
                     show, show_mean, values)
from elsewhere import EXPERIMENTS, differences, write_elsewhere
from rows import HERE, ROOT, UNITS, Table, read_form, read_table, table_names
from shown import Shown, compared, find_results

from vitpose_mm.fileio import write_beside

matplotlib.use('Agg')
PAGE = ROOT / 'docs' / 'mini_paper.md'
COLOURS = {HELD: 'tab:green', NOT_HELD: 'tab:red', OPEN: 'tab:grey'}


def show_value(mean: float, spread: float, unit: str) -> str:
    factor = abs(UNITS[unit])
    return f'{factor * mean:.1f}' + (
        '' if np.isnan(spread) else f' ± {factor * spread:.1f}')


def write_rows(table: Table, runs: List[dict]) -> str:
    """A line per row: metrics, seeds, cost."""
    lines = ['| | ' + ' | '.join(table.metrics.values()) +
             ' | seeds | parameters | crops/s | CPU s | peak MiB |',
             '|' + '---|' * (len(table.metrics) + 6)]
    for name in table.rows:
        own = [run for run in runs if run['name'] == name]
        if not own:
            lines.append(f'| {name} | ' + ' | '.join(
                [NOT_RUN] * len(table.metrics)) + ' | 0 | | | | |')
            continue
        cells = []
        for metric in table.metrics:
            seen = values(runs, name, metric)
            cells.append(show_value(*mean_and_spread(seen), table.unit)
                         if seen else '')

        def middle(key: str) -> str:
            return f'{np.median([run[key] for run in own]):.0f}'

        lines.append(
            f'| {name} | ' + ' | '.join(cells) + f' | {len(own)} | '
            f'{own[0]["parameters"] / 1e6:.2f} M | '
            f'{middle("samples_per_second")} | {middle("cpu_seconds")} | '
            f'{middle("peak_memory_mib")} |')
    return '\n'.join(lines)


def write_pairs(table: Table, runs: List[dict]) -> str:
    """A line per comparison: published, seen, verdict."""
    change = 'difference' if UNITS[table.unit] > 0 else 'how much less'
    lines = [f'| {table.heading}: {change} | published | here | '
             '95 % interval | p | seeds | |', '|---|---|---|---|---|---|---|']
    for pair, found in compared(table, runs):
        lines.append(f'| {pair.row} after {pair.than} | {pair.published} | '
                     f'{show(found)} | {judge(pair, found)} |')
    return '\n'.join(lines)


def write_cost(content: dict) -> str:
    """What the runs were made on, and what all of them cost."""
    everything = content['runs'] + content['stages']
    seconds = sum(run['cpu_seconds'] for run in everything)
    machines = sorted({
        f'{hardware.get("gpu", hardware["cpu"])}, torch {versions["torch"]}'
        for hardware, versions in (
            (run['environment']['hardware'], run['environment']['versions'])
            for run in everything)})
    form = read_form(content['form'])
    return (f'Form `{form.name}`: {form.text}. {len(everything)} runs, '
            f'{seconds / 60:.0f} minutes of CPU time in all, one thread '
            f'each; {"; ".join(machines)}.')


def draw(table: Table, runs: List[dict], path: Path) -> None:
    """The first metric of each row: mean, spread, and a dot per seed."""
    from matplotlib import pyplot as plt
    factor = abs(UNITS[table.unit])
    names = [name for name in table.rows
             if values(runs, name, table.metric)]
    figure, axes = plt.subplots(figsize=(6.4, .38 * len(names) + 1.1))
    for place, name in enumerate(names):
        seen = values(runs, name, table.metric)
        mean, spread = mean_and_spread(seen)
        axes.errorbar(factor * mean, place, fmt='|', ms=14, color='#1f3b63',
                      xerr=None if np.isnan(spread) else factor * spread,
                      lw=1.2, capsize=3)
        axes.plot([factor * value for value in seen.values()],
                  [place] * len(seen), 'o', ms=4, color='#6a93c9')
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set_xlabel(f'{table.heading}\nmean, standard deviation, each seed')
    axes.set_title(table.title, fontsize=10)
    axes.grid(axis='x', lw=.4)
    axes.spines[['top', 'right']].set_visible(False)
    figure.tight_layout()
    write_beside(path, lambda part: figure.savefig(part, dpi=110))
    plt.close(figure)


def write_part(part: Shown, images: Path) -> str:
    """Figure, rows, comparisons and cost."""
    if part.content is None:
        return 'Not run yet.'
    image = images / f'mini_paper_{part.name.replace(", ", "_")}.png'
    draw(part.table, part.runs, image)
    return '\n\n'.join([
        f'![{part.table.title}](images/{image.name})',
        write_rows(part.table, part.runs), write_pairs(part.table, part.runs),
        write_cost(part.content)])


def draw_overview(parts: List[Shown], path: Path) -> bool:
    """All differences in percent with their 95 % intervals, coloured by the
    verdict.

    Returns:
        Whether there was any.
    """
    from matplotlib import pyplot as plt
    lines = []
    for part in parts:
        for pair, found in compared(part.table, part.runs):
            if found is not None and part.table.unit == 'percent':
                lines.append((f'{part.name}: {pair.row} - {pair.than}', found,
                              COLOURS[judge(pair, found)]))
    if not lines:
        return False
    figure, axes = plt.subplots(figsize=(8, .3 * len(lines) + 1.2))
    for place, (_, found, colour) in enumerate(lines):
        axes.plot([found.low, found.high], [place] * 2, color=colour)
        axes.plot(found.mean, place, 'o', ms=5, color=colour)
    axes.axvline(0, color='black', lw=.8)
    # Of two seeds an interval can be wider than anything of interest.
    reach = max(5., 2 * max(abs(found.mean) for _, found, _ in lines))
    axes.set_xlim(-reach, reach)
    axes.set_yticks(range(len(lines)), [name for name, _, _ in lines],
                    fontsize=8)
    axes.invert_yaxis()
    axes.set_xlabel('difference of PCK@0.1, points, 95 % interval\n'
                    'green: as claimed, red: the contrary, grey: open')
    axes.spines[['top', 'right']].set_visible(False)
    figure.tight_layout()
    write_beside(path, lambda part: figure.savefig(part, dpi=110))
    plt.close(figure)
    return True


def fill(text: str, name: str, content: str) -> str:
    """Put a text between the marks of a name.

    Raises:
        click.ClickException: If the page has no such marks.
    """
    marks = f'<!-- begin {name} -->', f'<!-- end {name} -->'
    pattern = re.escape(marks[0]) + '.*?' + re.escape(marks[1])
    if not re.search(pattern, text, re.S):
        raise click.ClickException(f'{PAGE} has no place for {name}: '
                                   f'{marks[0]} ... {marks[1]}')
    return re.sub(pattern, lambda _: '\n'.join(
        [marks[0], content, marks[1]]), text, flags=re.S)


def verdicts(parts: List[Shown]) -> str:
    """The closing table."""
    lines = ['| | claim | published | here | |', '|---|---|---|---|---|']
    for part in parts:
        for pair, found in compared(part.table, part.runs):
            lines.append(
                f'| {part.name} | {pair.row}: {pair.expect} '
                f'{"as" if pair.expect == "same" else "than"} {pair.than} | '
                f'{pair.published} | {show_mean(found)} | '
                f'{judge(pair, found)} |')
    lines += [f'| {name} | {pair.row}: {pair.expect} '
              f'{"as" if pair.expect == "same" else "than"} {pair.than} | '
              f'{pair.published} | {show_mean(found)} | '
              f'{judge(pair, found)} |'
              for name in EXPERIMENTS
              for pair, found in differences(name)]
    return '\n'.join(lines)


@click.command()
@click.option('--results', default=HERE / 'results',
              type=click.Path(path_type=Path))
@click.option('--page', default=PAGE, type=click.Path(path_type=Path))
def main(results: Path, page: Path) -> None:
    """Write figures, and fill in the page."""
    text, parts = page.read_text(), []
    for name in table_names():
        shown = find_results(read_table(name), results)
        parts += shown
        text = fill(text, name, '\n\n'.join(
            ['', *(write_part(part, page.parent / 'images')
                   for part in shown), '']))
    overview = page.parent / 'images' / 'mini_paper.png'
    drawn = draw_overview(parts, overview)
    text = fill(text, 'overview', '\n![Differences with their intervals]('
                f'images/{overview.name})\n' if drawn else '')
    for name in EXPERIMENTS:
        text = fill(text, name, '\n' + write_elsewhere(name) + '\n')
    text = fill(text, 'verdicts', '\n' + verdicts(parts) + '\n')
    write_beside(page, lambda part: part.write_text(text))


if __name__ == '__main__':
    main()
