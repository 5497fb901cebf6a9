# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Any, Dict

import numpy as np
from matplotlib.figure import Figure

SIZE = (5.2, 3.2)  # inches


def draw_confidence(scores: np.ndarray, errors: np.ndarray,
                    bins: list) -> Figure:
    """Draw error over confidence: a point for each labelled keypoint, and
    median and 95th percentile of the bins.

    Args:
        scores, errors: Of the same shape; NaN is not drawn.
        bins: What confidence_bins returns.
    """
    figure = Figure(figsize=SIZE, layout='constrained')
    axis = figure.subplots()
    known = np.isfinite(scores) & np.isfinite(errors)
    # An error of nothing at all has no logarithm.
    axis.scatter(scores[known], np.maximum(errors[known], 0.05), s=6,
                 alpha=0.35, color='tab:blue', linewidths=0)
    middles = [(part['lowest'] + part['highest']) / 2 for part in bins]
    for key, style in (('median', '-'), ('p95', '--')):
        axis.plot(middles, [max(part[key], 0.05) for part in bins], style,
                  marker='o', markersize=4, color='tab:orange',
                  label='median' if key == 'median' else '95 % are below')
    axis.set(xlabel='confidence', ylabel='error (pixels)', yscale='log')
    axis.grid(alpha=0.3)
    axis.legend(fontsize='small')
    return figure


def draw_histogram(histogram: Dict[str, Any], median: float) -> Figure:
    """Draw how many keypoints have which error.

    Args:
        histogram: Edges in pixels, counts, and how many are beyond.
        median: In pixels.
    """
    figure = Figure(figsize=SIZE, layout='constrained')
    axis = figure.subplots()
    edges = histogram['edges']
    axis.stairs(histogram['counts'], edges, fill=True, color='tab:blue')
    axis.axvline(median, color='tab:orange', label=f'median {median:.1f}')
    axis.set(xlabel='error (pixels)', ylabel='keypoints',
             xlim=(0, edges[-1]))
    if histogram['beyond']:
        axis.set_title(f'{histogram["beyond"]} beyond {edges[-1]:.0f} pixels',
                       fontsize='small', loc='right')
    axis.legend(fontsize='small')
    return figure
