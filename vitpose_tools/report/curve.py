# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from pathlib import Path
from typing import List

import matplotlib

matplotlib.use('Agg')

from matplotlib import pyplot as plt  # noqa: E402


def draw_curve(train: List[dict], val: List[dict], metric: str,
               path: Path) -> None:
    """Draw the training loss and a validation metric over the epochs.

    Args:
        train: Logged iterations with 'epoch', 'step' and 'loss'.
        val: Validated epochs with 'step' (the epoch) and the metric.
        metric: Key of the metric, for example 'coco/AP'.
        path: The PNG to write.
    """
    figure, loss_axis = plt.subplots(figsize=(7, 4), layout='constrained')
    per_epoch = train[-1]['step'] / train[-1]['epoch']
    loss_axis.plot([entry['step'] / per_epoch for entry in train],
                   [entry['loss'] for entry in train],
                   color='tab:blue')
    loss_axis.set_xlabel('epoch')
    loss_axis.set_ylabel('training loss', color='tab:blue')
    loss_axis.set_yscale('log')
    points = [(entry['step'], entry[metric]) for entry in val
              if metric in entry]
    if points:
        metric_axis = loss_axis.twinx()
        metric_axis.plot(*zip(*points), color='tab:orange', marker='o')
        metric_axis.set_ylabel(f'{metric} on held-out images',
                               color='tab:orange')
        metric_axis.set_ylim(0, 1.1)
        epoch, value = max(points, key=lambda point: point[1])
        metric_axis.annotate(
            f'{value:.3f}', (epoch, value), (0, 6),
            textcoords='offset points',
            ha='center')
    figure.savefig(path, dpi=120)
    plt.close(figure)
