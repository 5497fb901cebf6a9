# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Time and memory of a forward by batch and by resolution.

    python projects/benchmark/scaling.py
    python projects/benchmark/scaling.py --arch base --device cuda --dtype bfloat16
"""  # noqa: E501
from pathlib import Path
from typing import Optional

import click
import torch

from vitpose_tools.benchmark import environment, write_result
from vitpose_tools.benchmark.network import benchmark_network

BATCHES = (1, 4, 16, 64, 256)
# (h, w) of the paper's crops in pixels.
SIZES = ((256, 192), (256, 256), (384, 288), (384, 384), (576, 432))
RESULTS = Path(__file__).parent / 'results'


@click.command()
@click.option('--arch', default='small', show_default=True)
@click.option('--rounds', default=2, show_default=True)
@click.option('--device', default='cpu', show_default=True)
@click.option(
    '--dtype', default='float32', type=click.Choice(['float32', 'bfloat16']))
@click.option('--out', type=click.Path(path_type=Path),
              help='[default: results/scaling_DEVICE.json]')
def main(arch: str, rounds: int, device: str, dtype: str,
         out: Optional[Path]) -> None:
    """Measure, print a line per row, write JSON as it goes."""
    out = out or RESULTS / f'scaling_{device}.json'
    rows = []
    cases = [(batch, SIZES[0]) for batch in BATCHES]
    cases += [(BATCHES[0], size) for size in SIZES[1:]]
    for batch, size in cases:
        row, = benchmark_network(['vitpose_mm'], arch, size, batch,
                                 getattr(torch, dtype), device, rounds)
        rows.append(row)
        write_result(out, dict(environment=environment(), rows=rows))
        click.echo(f"batch {batch:3d}, {size[0]}x{size[1]}: "
                   f"{row['median_ms'] / batch:.0f} ms and "
                   f"{row['peak_memory_bytes'] / batch / 2**20:.1f} MiB per "
                   f"crop, {row['flops_per_crop'] / 2e9:.2f} G multiply-adds")


if __name__ == '__main__':
    main()
