# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from pathlib import Path
from typing import List

# Key of a row -> heading and format.
COLUMNS = dict(
    work=('work', '{}'),
    implementation=('implementation', '{}'),
    arch=('arch', '{}'),
    teacher=('teacher', '{}'),
    keypoints=('keypoints', '{}'),
    people=('people', '{}'),
    patches=('patches', '{}'),
    dtype=('dtype', '{}'),
    size=('size', '{}'),
    batch=('batch', '{}'),
    median_ms=('ms', '{:.4g}'),
    spread_ms=('+-', '{:.2g}'),
    crops_per_second=('crops/s', '{:.4g}'),
    time_ratio=('ratio', '{:.3g}'),
    share_of_peak=('of peak', '{:.0%}'),
    peak_memory_bytes=('MB', '{:.0f}'),
    metrics=('metrics', '{}'),
    pixels=('pixels', '{}'),
)


def format_table(rows: List[dict]) -> str:
    """Lay results out for people: one line each, only columns in use."""
    keys = [key for key in COLUMNS if any(key in row for row in rows)]
    lines = [[COLUMNS[key][0] for key in keys]]
    for row in rows:
        lines.append([
            COLUMNS[key][1].format(value(row, key)) if key in row else ''
            for key in keys
        ])
    widths = [max(map(len, column)) for column in zip(*lines)]
    return '\n'.join('  '.join(
        cell.ljust(width) if index < 2 else cell.rjust(width)
        for index, (cell, width) in enumerate(zip(line, widths))).rstrip()
        for line in lines)


def value(row: dict, key: str) -> object:
    """What a cell shows."""
    if key == 'peak_memory_bytes':
        return row[key] / 1e6
    if key in ('arch', 'teacher') and isinstance(row[key], dict):
        return 'own'
    if key == 'size':
        return 'x'.join(map(str, row[key]))
    if key == 'metrics':
        return ', '.join(f'{name} {number:.4g}'
                         for name, number in list(row[key].items())[:3])
    if key == 'pixels':
        return ', '.join(f'{name} {number:.2g}'
                         for name, number in row[key].items())
    return row[key]


def draw_figure(rows: List[dict], path: Path) -> None:
    """Draw throughput over parameters, as in the papers' first figure.

    Args:
        rows: Of benchmark_network.
        path: A .png file.
    """
    from matplotlib.figure import Figure
    figure = Figure(figsize=(6, 4), layout='constrained')
    axes = figure.subplots()
    for name in sorted({row['implementation'] for row in rows}):
        points = sorted((row['parameters'] / 1e6, row['crops_per_second'])
                        for row in rows if row['implementation'] == name)
        axes.plot(*zip(*points), marker='o', label=name)
    axes.set(
        xlabel='parameters (millions)', ylabel='crops per second',
        xscale='log', yscale='log')
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, format='png', dpi=150)
