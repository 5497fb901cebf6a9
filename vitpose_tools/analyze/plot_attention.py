# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Optional, Tuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .crop import Crop
from .look import Look

COLUMNS = 6
WIDTH = 2.0  # inches of a map


def draw_block(crop: Crop, look: Look) -> Figure:
    """Draw where one block looks: the crop, the mean over the heads, the
    rollout up to the block, and each head."""
    maps = [('what the model sees', None),
            ('mean of all heads', look.means[look.block]),
            (f'rollout of blocks 0 to {look.block}',
             look.rollouts[look.block])]
    maps += [(f'head {index}', head) for index, head in enumerate(look.heads)]
    return draw_maps(
        crop, maps, look.patch,
        f'Where block {look.block} (of 0 to {len(look.means) - 1}) looks, '
        f'{from_where(look)}')


def draw_depth(crop: Crop, look: Look) -> Figure:
    """Draw where each block looks, in the mean over its heads, and how far
    in pixels of the crop."""
    maps = [(f'block {index}: {distance:.0f} px away', mean)
            for index, (mean, distance) in enumerate(
                zip(look.means, look.distances))]
    return draw_maps(
        crop, maps, look.patch,
        f'Where each block looks (mean of its heads), {from_where(look)}')


def from_where(look: Look) -> str:
    return 'from all patches' if look.patch is None else (
        'from the patch with the green frame')


def draw_maps(crop: Crop, maps: list, patch: Optional[Tuple[int, int]],
              title: str) -> Figure:
    """Lay maps over a crop, each in its own scale of colours.

    Args:
        crop: What is seen.
        maps: (title, map of patches or None) each.
        patch: Who looks.
        title: Of all.
    """
    h, w = crop.picture.shape[:2]
    rows = -(-len(maps) // COLUMNS)
    columns = -(-len(maps) // rows)
    figure = Figure(
        figsize=(WIDTH * columns + 1, (WIDTH * h / w + 0.3) * rows + 0.7),
        layout='constrained')
    figure.suptitle(title + '.\n"5x": its brightest patch is looked at 5 '
                    'times as often as if all were looked at alike')
    axes = figure.subplots(rows, columns, squeeze=False).flatten()
    image = None
    for axis, (name, values) in zip(axes, maps):
        if values is None:
            axis.imshow(crop.picture)
            axis.set_title(name, fontsize=9)
        else:
            image = lay_over(axis, crop.picture, values)
            axis.set_title(f'{name}, {values.max():.1f}x', fontsize=9)
        if patch is not None:
            frame(axis, patch, next(v for _, v in maps if v is not None).shape,
                  (h, w))
    for axis in axes:
        axis.set_axis_off()
    bar = figure.colorbar(image, ax=list(axes), shrink=0.5, pad=0.02)
    bar.set_ticks([0, 1], labels=['never', 'most'])
    bar.set_label('looked at (each map has its own scale)')
    return figure


def lay_over(axis: Axes, picture: np.ndarray, values: np.ndarray) -> object:
    """Show a map over a grey picture, its largest value brightest."""
    h, w = picture.shape[:2]
    axis.imshow(picture.mean(2), cmap='gray', vmin=0, vmax=255)
    return axis.imshow(values / max(values.max(), 1e-12), cmap='inferno',
                       alpha=0.65, vmin=0, vmax=1, extent=(0, w, h, 0),
                       interpolation='nearest')


def frame(axis: Axes, patch: Tuple[int, int], grid: Tuple[int, int],
          size: Tuple[int, int]) -> None:
    """Frame the patch that looks."""
    h, w = size[0] / grid[0], size[1] / grid[1]
    y, x = patch[0] * h, patch[1] * w
    axis.plot([x, x + w, x + w, x, x], [y, y, y + h, y + h, y], color='lime',
              linewidth=1.5)
