# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""How the time of each type of attention grows with the patches of an image.

All batches hold the same number of patches, of few large images or of many
small ones, and take turns. What is linear in the patches then always takes
as long, whatever the caches and the memory of a machine do with more data.

    python projects/benchmark/attention_growth.py
"""
from functools import partial
from pathlib import Path
from typing import Optional

import click
import torch
from attention import GRIDS, TYPES, build, forward

from vitpose_mm.models.backbones.archs import ARCHS
from vitpose_mm.models.layers import TokenLayout
from vitpose_tools.benchmark import environment, time_interleaved, write_result

RESULTS = Path(__file__).parent / 'results'


@click.command()
@click.option('--rounds', default=3, show_default=True)
@click.option('--device', default='cpu', show_default=True)
@click.option('--out', type=click.Path(path_type=Path),
              help='[default: results/attention_growth_DEVICE.json]')
def main(rounds: int, device: str, out: Optional[Path]) -> None:
    """Time a forward of one block, print a line per type, write JSON."""
    out = out or RESULTS / f'attention_growth_{device}.json'
    torch.manual_seed(0)
    total = max(rows * cols for rows, cols in GRIDS)
    result = dict(
        environment=environment(),
        device=device,
        dtype='float32',
        rounds=rounds,
        figures=[])
    for name in TYPES:
        runs = {}
        for rows, cols in GRIDS:
            x = torch.randn(
                total // (rows * cols), rows * cols, ARCHS['base'].embed_dim,
                device=device)
            block = build(name, (rows, cols)).to(device)
            runs[rows * cols] = partial(forward, block, x,
                                        TokenLayout((rows, cols)))
        taken = time_interleaved(runs, rounds, 1, device)
        smallest = taken[min(runs)].median
        for patches, timing in taken.items():
            result['figures'].append(
                dict(
                    attention=name,
                    patches=patches,
                    batch=total // patches,
                    seconds=timing.median,
                    spread=timing.spread,
                    of_smallest=timing.median / smallest))
        click.echo(f'{name:24s}' + ''.join(
            f'  {patches} patches {timing.median / smallest:5.2f}'
            for patches, timing in taken.items()))
        write_result(out, result)


if __name__ == '__main__':
    main()
