# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""One block of a ViT with each type of attention, by number of patches."""
from functools import partial
from typing import Dict, List, Sequence, Tuple

import torch
from torch import Tensor, nn

from vitpose_mm.models.backbones.archs import parse_arch
from vitpose_mm.models.layers import (Attention, Block, Mlp, TokenLayout,
                                      WindowAttention)
from .measure import peak_memory, row, time_interleaved
from .recipes import Arch

Grid = Tuple[int, int]
# Crops of 256x192, 512x384 and 1024x768 pixels at a feature stride of 8.
GRIDS = ((32, 24), (64, 48), (128, 96))
# Windows are 8x8 patches.
TYPES = {
    'full': None,
    'window': dict(),
    'window + shift': dict(shift=True),
    'window + pool': dict(pooling=True),
    'window + both': dict(shift=True, pooling=True),
    'window + both + rel_pos': dict(shift=True, pooling=True, rel_pos=True),
}


def benchmark_attention(arch: Arch, batch: int, dtype: str, device: str,
                        rounds: int,
                        grids: Sequence[Grid] = GRIDS) -> List[dict]:
    """Time a forward, and a forward with backward, of every type in turns.

    Returns:
        A row per grid, work ('forward' or 'step') and type; ``time_ratio``
        is that to full attention.
    """
    rows = []
    for grid in grids:
        x = make_tokens(arch, grid, batch, dtype, device).requires_grad_()
        blocks = {name: build(name, arch, grid).to(x) for name in TYPES}
        for work, mode in (('forward', forward), ('step', step)):
            runs = {name: partial(mode, block, x, TokenLayout(grid))
                    for name, block in blocks.items()}
            taken = time_interleaved(runs, rounds, 1, device)
            rows += [
                row(dict(
                    work=work, implementation=name, device=device, arch=arch,
                    dtype=dtype, batch=batch, patches=grid[0] * grid[1],
                    peak_memory_bytes=peak_memory(runs[name], device)),
                    timing, batch, taken['full'])
                for name, timing in taken.items()
            ]
    return rows


def benchmark_growth(arch: Arch, dtype: str, device: str, rounds: int,
                     grids: Sequence[Grid] = GRIDS) -> List[dict]:
    """Time each type on batches that hold the same number of patches, of few
    large images or of many small ones, in turns.

    What is linear in the patches then always takes as long, whatever the
    caches and the memory of a machine do with more data.

    Returns:
        A row per type and grid; ``time_ratio`` is that to the smallest.
    """
    rows = []
    total = max(height * width for height, width in grids)
    for name in TYPES:
        runs: Dict[int, partial] = {}
        for grid in grids:
            patches = grid[0] * grid[1]
            x = make_tokens(arch, grid, total // patches, dtype, device)
            runs[patches] = partial(forward, build(name, arch, grid).to(x), x,
                                    TokenLayout(grid))
        taken = time_interleaved(runs, rounds, 1, device)
        rows += [
            row(dict(
                work='growth', implementation=name, device=device, arch=arch,
                dtype=dtype, batch=total // patches, patches=patches),
                timing, total // patches, taken[min(runs)])
            for patches, timing in taken.items()
        ]
    return rows


def make_tokens(arch: Arch, grid: Grid, batch: int, dtype: str,
                device: str) -> Tensor:
    """Random tokens, shape (batch, patches, embed_dim)."""
    x = torch.randn(batch, grid[0] * grid[1], parse_arch(arch).embed_dim)
    return x.to(device, getattr(torch, dtype))


def build(name: str, arch: Arch, grid: Grid) -> Block:
    """A block with a type of attention."""
    embed_dim, _, num_heads, mlp_ratio = parse_arch(arch)
    size = embed_dim, num_heads, True
    attn = Attention(*size) if TYPES[name] is None else WindowAttention(
        *size, grid, (8, 8), **TYPES[name])
    mlp = Mlp(embed_dim, int(embed_dim * mlp_ratio))
    return Block(embed_dim, attn, mlp, 0.)


def forward(block: nn.Module, x: Tensor, layout: TokenLayout) -> None:
    """What inference does."""
    with torch.inference_mode():
        block(x, layout)


def step(block: nn.Module, x: Tensor, layout: TokenLayout) -> None:
    """What training does, without the optimiser; x gets a gradient too."""
    block(x, layout).sum().backward()
    block.zero_grad(set_to_none=True)
    x.grad = None
