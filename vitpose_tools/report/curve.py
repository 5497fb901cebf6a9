# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import List

from matplotlib.figure import Figure

from .run import RunError, find_best, is_number


def draw_curve(train: List[dict], val: List[dict], metric: str,
               less: bool) -> Figure:
    """Draw the training loss and a validation metric over the epochs, over
    the iterations of a run that counts no epochs.

    Args:
        train: Logged iterations with 'step', 'loss' and, by epochs, 'epoch'.
        val: Validations with 'step' (epoch or iteration) and the metric.
        metric: Key of the metric, for example 'coco/AP'.
        less: Whether less of it is better.

    Raises:
        RunError: If nothing was logged.
    """
    points = [(entry['step'], entry[metric]) for entry in val
              if is_number(entry.get(metric))]
    if not train and not points:
        raise RunError('nothing was logged yet')
    figure = Figure(figsize=(7, 4), layout='constrained')
    axis = figure.subplots()
    by_epoch = not train or bool(train[-1].get('epoch'))
    axis.set_xlabel('epoch' if by_epoch else 'iteration')
    if train:
        per_epoch = train[-1]['step'] / train[-1]['epoch'] if by_epoch else 1
        axis.plot([entry['step'] / per_epoch for entry in train],
                  [entry['loss'] for entry in train],
                  color='tab:blue', marker='o' if len(train) == 1 else None)
        axis.set_ylabel('training loss', color='tab:blue')
        axis.set_yscale('log')
    if points:
        metric_axis = axis.twinx() if train else axis
        metric_axis.plot(*zip(*points), color='tab:orange', marker='o')
        metric_axis.set_ylabel(f'{metric} on held-out images',
                               color='tab:orange')
        if all(0 <= value <= 1 for _, value in points):
            metric_axis.set_ylim(0, 1.1)
        best = find_best(val, metric, less)
        metric_axis.annotate(
            f'{best[metric]:.4g}' if less else f'{best[metric]:.3f}',
            (best['step'], best[metric]), (0, 6),
            textcoords='offset points',
            ha='center')
    return figure
