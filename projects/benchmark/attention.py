# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""One block of ViT-B with each type of attention, by number of patches.

Forward, and forward with backward, in turns within one process; time and
peak memory. Windows are 8x8 patches.

    python projects/benchmark/attention.py
    python projects/benchmark/attention.py --device cuda --dtype bfloat16
"""
from functools import partial
from pathlib import Path
from typing import Optional, Tuple

import click
import torch
from torch import Tensor, nn

from vitpose_mm.models.backbones.archs import ARCHS
from vitpose_mm.models.layers import (Attention, Block, Mlp, TokenLayout,
                                      WindowAttention)
from vitpose_tools.benchmark import (environment, peak_memory,
                                     time_interleaved, write_result)

# Crops of 256x192, 512x384 and 1024x768 pixels at a feature stride of 8.
GRIDS = ((32, 24), (64, 48), (128, 96))
TYPES = {
    'full': None,
    'window': dict(),
    'window + shift': dict(shift=True),
    'window + pool': dict(pooling=True),
    'window + both': dict(shift=True, pooling=True),
    'window + both + rel_pos': dict(shift=True, pooling=True, rel_pos=True),
}
RESULTS = Path(__file__).parent / 'results'


def build(name: str, grid: Tuple[int, int]) -> Block:
    """Block of ViT-B."""
    arch = ARCHS['base']
    size = arch.embed_dim, arch.num_heads, True
    attn = Attention(*size) if TYPES[name] is None else WindowAttention(
        *size, grid, (8, 8), **TYPES[name])
    hidden_dim = int(arch.embed_dim * arch.mlp_ratio)
    return Block(arch.embed_dim, attn, Mlp(arch.embed_dim, hidden_dim), 0.)


def forward(block: nn.Module, x: Tensor, layout: TokenLayout) -> None:
    """What inference does."""
    with torch.inference_mode():
        block(x, layout)


def train(block: nn.Module, x: Tensor, layout: TokenLayout) -> None:
    """What training does, without the optimiser; x gets a gradient too."""
    block(x, layout).sum().backward()
    block.zero_grad(set_to_none=True)
    x.grad = None


def measure(grid: Tuple[int, int], batch: int, rounds: int, device: str,
            dtype: torch.dtype) -> dict:
    """Name of the attention -> figures by mode."""
    x = torch.randn(
        batch, grid[0] * grid[1], ARCHS['base'].embed_dim, device=device,
        dtype=dtype, requires_grad=True)
    blocks = {name: build(name, grid).to(device, dtype) for name in TYPES}
    figures = {name: {} for name in TYPES}
    for mode in (forward, train):
        runs = {
            name: partial(mode, block, x, TokenLayout(grid))
            for name, block in blocks.items()
        }
        taken = time_interleaved(runs, rounds, 1, device)
        for name, run in runs.items():
            figures[name][mode.__name__] = dict(
                seconds=taken[name].median,
                spread=taken[name].spread,
                time_of_full=taken[name].median / taken['full'].median,
                peak_bytes=peak_memory(run, device))
    return figures


@click.command()
@click.option('--batch', default=1, show_default=True)
@click.option('--rounds', default=5, show_default=True)
@click.option('--device', default='cpu', show_default=True)
@click.option(
    '--dtype',
    type=click.Choice(['float32', 'bfloat16']),
    default='float32',
    show_default=True)
@click.option('--out', type=click.Path(path_type=Path),
              help='[default: results/attention_DEVICE.json]')
def main(batch: int, rounds: int, device: str, dtype: str,
         out: Optional[Path]) -> None:
    """Time and measure, print a table, write JSON."""
    out = out or RESULTS / f'attention_{device}.json'
    torch.manual_seed(0)
    result = dict(
        environment=environment(),
        device=device,
        dtype=dtype,
        batch=batch,
        rounds=rounds,
        figures=[])
    for grid in GRIDS:
        patches = grid[0] * grid[1]
        figures = measure(grid, batch, rounds, device, getattr(torch, dtype))
        for name, modes in figures.items():
            result['figures'].append(
                dict(attention=name, patches=patches, **modes))
            click.echo(f'{patches:6d} patches  {name:24s}' + ''.join(
                f"  {mode} {of['seconds'] * 1000:9.1f} ms "
                f"({of['time_of_full']:5.2f} of full) "
                f"{of['peak_bytes'] / 2**20:8.0f} MiB"
                for mode, of in modes.items()))
        write_result(out, result)


if __name__ == '__main__':
    main()
