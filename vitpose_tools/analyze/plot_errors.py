# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Any, Callable, Dict, List

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from mmpose.registry import VISUALIZERS

from vitpose_tools.report.numbers import fixed
from vitpose_tools.report.page import caption_person, tile_of
from vitpose_tools.report.predictions import Predictions
from vitpose_tools.report.tiles import draw_person

COLUMNS = 3
FEW = 10  # keypoints in a bar that say little
RIGHT, WRONG = 'tab:blue', 'tab:orange'


def draw_keypoints(numbers: Dict[str, Any]) -> Figure:
    """Draw error and confidence of each keypoint.

    Args:
        numbers: What analyze_errors returns.
    """
    rows = [row for row in numbers['keypoints'] if row['error']['count']]
    rows.sort(key=lambda row: row['error']['median'])
    figure = Figure(figsize=(10, 2.2 + 0.26 * len(rows)),
                    layout='constrained')
    figure.suptitle('Which keypoints are wrong, worst on top, and does '
                    f'confidence say so?\n{numbers["people"]} people, '
                    f'{numbers["labelled"]} labelled keypoints')
    left, right = figure.subplots(1, 2, sharey=True)
    places = np.arange(len(rows))
    medians = np.array([row['error']['median'] for row in rows])
    ends = np.array([row['error']['p95'] for row in rows])
    left.barh(places, medians, color=WRONG, label='half are below')
    left.plot(ends, places, '|', color='black', markersize=9,
              label='95 % are below')
    left.set(xlabel='error (pixels of the image)')
    left.set_yticks(places, [row['name'] for row in rows])
    left.set_ylim(-0.6, len(rows) - 0.4)
    right.barh(places, [row['confidence'] or 0 for row in rows], color=RIGHT,
               label='median confidence')
    threshold = numbers['pck']['threshold']
    right.plot([row['pck'] for row in rows], places, 'D', color='black',
               markersize=4, label=f'part that is right (PCK@{threshold:g})')
    right.set(xlabel='confidence, part that is right', xlim=(0, 1.05))
    for axis in (left, right):
        axis.grid(alpha=0.3, axis='x')
    legend_below(figure)
    return figure


def draw_calibration(numbers: Dict[str, Any]) -> Figure:
    """Draw confidence against what came of it (reliability diagram)."""
    calibration = numbers['calibration']
    threshold = numbers['pck']['threshold']
    kinds = [(f'part that is right (PCK@{threshold:g})', calibration['pck'])]
    if calibration['oks'] is not None:
        kinds.append(('how near it is (mean OKS)', calibration['oks']))
    figure = Figure(figsize=(5.2 * len(kinds), 5.4), layout='constrained')
    figure.suptitle('Is the model as sure as it is right?\nOn the dashed '
                    'line: yes. Below it: too sure. Above: too modest')
    for axis, (name, found) in zip(
            figure.subplots(1, len(kinds), squeeze=False)[0], kinds):
        draw_reliability(axis, name, found)
    legend_below(figure)
    return figure


def draw_reliability(axis: Axes, name: str, found: Dict[str, Any]) -> None:
    """Draw one diagram of what `reliability` returns."""
    bins = found['bins']
    axis.plot([0, 1], [0, 1], '--', color='black', zorder=3,
              label='as sure as right')
    for few, alpha in ((False, 1.), (True, 0.35)):
        shown = [part for part in bins if (part['count'] < FEW) == few]
        if shown:
            axis.bar([(part['lowest'] + part['highest']) / 2
                      for part in shown],
                     [part['quality'] for part in shown], width=0.092,
                     color=RIGHT, alpha=alpha,
                     label=f'fewer than {FEW} keypoints: may be chance'
                     if few else 'number: keypoints in the bar')
    for part in bins:
        axis.text((part['lowest'] + part['highest']) / 2,
                  part['quality'] + 0.015, part['count'], ha='center',
                  fontsize=7)
    axis.set(xlim=(0, 1), ylim=(0, 1.08), xlabel='confidence', ylabel=name,
             title=f'expected calibration error {fixed(found["ece"], 3)}')
    axis.grid(alpha=0.3)


def legend_below(figure: Figure) -> None:
    """One legend of all axes, which covers no data."""
    found = {}
    for axis in figure.axes:
        for handle, label in zip(*axis.get_legend_handles_labels()):
            found.setdefault(label, handle)
    figure.legend(found.values(), found.keys(), loc='outside lower center',
                  ncols=4, fontsize='small')


def draw_worst(people: Predictions, numbers: Dict[str, Any],
               on_picture: Callable[[], None] = lambda: None) -> Figure:
    """Draw the worst people, label left and prediction right.

    Args:
        people: All of them.
        numbers: What analyze_errors returns.
        on_picture: Called after each.
    """
    visualizer = VISUALIZERS.build(
        dict(type='PoseVisualizer', name='worst', radius=3, line_width=1))
    entries: List[dict] = numbers['worst']
    columns = min(COLUMNS, len(entries))
    rows = -(-len(entries) // columns)
    boxes = people.boxes[[entry['index'] for entry in entries]]
    # One size for all, so that they lie in rows.
    size = np.median(boxes[:, 2:] - boxes[:, :2], axis=0)
    tile = tile_of(np.array([0., 0., *size]))
    height = 4.6 * tile[1] / (2 * tile[0]) + 0.5
    figure = Figure(figsize=(4.6 * columns, height * rows + 0.7),
                    layout='constrained')
    figure.suptitle('Worst predictions first: label left, prediction right.\n'
                    'In the order of the mean error as a part of the longer '
                    'side of the box')
    axes = figure.subplots(rows, columns, squeeze=False).flatten()
    for axis, entry in zip(axes, entries):
        pair = draw_person(visualizer, people, entry['index'], tile)
        axis.imshow(pair[..., ::-1])
        on_picture()
        axis.set_title('\n'.join(caption_person(entry)), fontsize=7,
                       parse_math=False)
    for axis in axes:
        axis.set_axis_off()
    return figure
