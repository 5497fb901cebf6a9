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
RIGHT, WRONG = 'tab:blue', 'tab:orange'


def draw_keypoints(numbers: Dict[str, Any]) -> Figure:
    """Draw error and confidence of each keypoint.

    Args:
        numbers: What analyze_errors returns.
    """
    rows = [row for row in numbers['keypoints'] if row['error']['count']]
    rows.sort(key=lambda row: row['error']['median'])
    figure = Figure(figsize=(10, 1.8 + 0.26 * len(rows)),
                    layout='constrained')
    figure.suptitle(f'Each keypoint, worst on top: {numbers["people"]} '
                    f'people, {numbers["labelled"]} labelled keypoints')
    left, right = figure.subplots(1, 2, sharey=True)
    places = np.arange(len(rows))
    medians = np.array([row['error']['median'] for row in rows])
    ends = np.array([row['error']['p95'] for row in rows])
    left.barh(places, medians, color=WRONG, label='half are nearer')
    left.plot(ends, places, '|', color='black', markersize=9,
              label='95 % are nearer')
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
        axis.legend(fontsize='small', loc='lower right')
    return figure


def draw_calibration(numbers: Dict[str, Any]) -> Figure:
    """Draw confidence against what came of it (reliability diagram)."""
    calibration = numbers['calibration']
    threshold = numbers['pck']['threshold']
    kinds = [(f'right, PCK@{threshold:g}', calibration['pck'])]
    if calibration['oks'] is not None:
        kinds.append(('OKS', calibration['oks']))
    figure = Figure(figsize=(5.2 * len(kinds), 4.8), layout='constrained')
    figure.suptitle('Is confidence what comes of it? On the dashed line: yes.'
                    ' Bars below: over-confident')
    for axis, (name, found) in zip(
            figure.subplots(1, len(kinds), squeeze=False)[0], kinds):
        draw_reliability(axis, name, found)
    return figure


def draw_reliability(axis: Axes, name: str, found: Dict[str, Any]) -> None:
    """Draw one diagram of what `reliability` returns."""
    bins = found['bins']
    middles = [(part['lowest'] + part['highest']) / 2 for part in bins]
    axis.bar(middles, [part['quality'] for part in bins], width=0.092,
             color=RIGHT, label=f'mean of {name}')
    axis.plot([part['confidence'] for part in bins],
              [part['quality'] for part in bins], 'o', color=WRONG,
              markersize=5, label='at the mean confidence of the bar')
    axis.plot([0, 1], [0, 1], '--', color='gray', label='calibrated')
    for middle, part in zip(middles, bins):
        axis.text(middle, part['quality'] + 0.015, part['count'],
                  ha='center', fontsize=7)
    axis.set(xlim=(0, 1), ylim=(0, 1.12), xlabel='confidence',
             ylabel=f'mean of {name}',
             title=f'{name}, expected calibration error '
             f'{fixed(found["ece"], 3)}')
    axis.legend(fontsize='small', loc='upper left')
    axis.grid(alpha=0.3)


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
    figure = Figure(figsize=(4.6 * columns, 3.4 * rows + 0.6),
                    layout='constrained')
    figure.suptitle('Worst predictions first: label left, prediction right. '
                    'Mean error as a part of the longer side of the box')
    axes = figure.subplots(rows, columns, squeeze=False).flatten()
    for axis, entry in zip(axes, entries):
        index = entry['index']
        pair = draw_person(visualizer, people, index,
                           tile_of(people.boxes[index]))
        axis.imshow(pair[..., ::-1])
        axis.set_title('\n'.join(caption_person(entry)), fontsize=7,
                       parse_math=False)
        on_picture()
    for axis in axes:
        axis.set_axis_off()
    return figure
