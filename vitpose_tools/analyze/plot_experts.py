# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Any, List, Sequence, Tuple

import numpy as np
from matplotlib.figure import Figure

MATRICES = 6  # blocks whose similarities are shown, spread evenly
COLUMNS = 3
WEIGHTS = 'weights (cosine)'
OUTPUTS = 'outputs on the same tokens (linear CKA)'


def draw_by_block(names: Sequence[str], weights: List[dict],
                  outputs: List[dict]) -> Figure:
    """Draw how alike experts are over the depth.

    Args:
        names: Of the experts.
        weights, outputs: What summarise_blocks returns; outputs may be empty.
    """
    measures = [(WEIGHTS, weights)] + ([(OUTPUTS, outputs)] if outputs else [])
    figure = Figure(figsize=(6.6 * len(measures), 5.2), layout='constrained')
    figure.suptitle('Do the experts share? Higher: more alike.\n'
                    'A falling line: deeper blocks are more specific.')
    for axis, (name, blocks) in zip(
            figure.subplots(1, len(measures), squeeze=False)[0], measures):
        numbers = [block['block'] for block in blocks]
        means = [block['mean'] for block in blocks]
        axis.fill_between(
            numbers, [block['least_alike']['similarity'] for block in blocks],
            [block['most_alike']['similarity'] for block in blocks],
            alpha=0.2, label='from the least to the most alike pair')
        axis.plot(numbers, means, marker='o', label='mean over all pairs')
        pairs = pairs_in_order(blocks)
        for (i, j), word, style in ((pairs[-1], 'most', '--'),
                                    (pairs[0], 'least', ':')):
            axis.plot(numbers, [block['similarity'][i][j] for block in blocks],
                      style, color='black',
                      label=f'{names[i]} and {names[j]}, {word} alike overall')
        axis.set(title=name, xlabel='block (0 is next to the image)',
                 ylabel='similarity (1 is the same)')
        axis.xaxis.get_major_locator().set_params(integer=True)
        axis.grid(alpha=0.3)
        axis.legend(fontsize='small', loc='upper center', ncols=2,
                    bbox_to_anchor=(0.5, -0.13))
    return figure


def draw_matrices(names: Sequence[str], blocks: List[dict],
                  measure: str) -> Figure:
    """Draw the similarities of all pairs in some blocks.

    Args:
        names: Of the experts.
        blocks: What summarise_blocks returns.
        measure: WEIGHTS or OUTPUTS.
    """
    count = min(len(blocks), MATRICES)
    shown = [blocks[round(index)]
             for index in np.linspace(0, len(blocks) - 1, count)]
    rows = -(-count // COLUMNS)
    columns = -(-count // rows)
    side = 1.7 + 0.45 * len(names)
    figure = Figure(figsize=(max(side * columns + 1.2, 4.8),
                             side * rows + 1.1), layout='constrained')
    figure.suptitle(f'Which datasets share:\n{measure}.\nBright: alike. '
                    'Block 0 is next to the image')
    axes = figure.subplots(rows, columns, squeeze=False).flatten()
    lowest = min(np.nanmin(block['similarity']) for block in blocks)
    for axis, block in zip(axes, shown):
        similarity = np.array(block['similarity'])
        image = axis.imshow(similarity, vmin=lowest, vmax=1, cmap='viridis')
        write_numbers(axis, similarity, (lowest + 1) / 2)
        axis.set_title(f'block {block["block"]}')
        axis.set_xticks(range(len(names)), names, rotation=90)
        axis.set_yticks(range(len(names)), names)
    for axis in axes[count:]:
        axis.set_axis_off()
    figure.colorbar(image, ax=figure.axes, shrink=0.6,
                    label='similarity (1 is the same)')
    return figure


def write_numbers(axis: Any, similarity: np.ndarray, middle: float) -> None:
    """Write each similarity into its cell."""
    for (row, col), value in np.ndenumerate(similarity):
        axis.text(col, row, f'{value:.2f}', ha='center', va='center',
                  fontsize=7, color='black' if value > middle else 'white')


def pairs_in_order(blocks: List[dict]) -> List[Tuple[int, int]]:
    """Pairs of experts, from the least to the most alike in the mean over
    the blocks."""
    mean = np.mean([block['similarity'] for block in blocks], axis=0)
    pairs = zip(*np.triu_indices(len(mean), 1))
    return sorted(pairs, key=lambda pair: mean[pair])
