# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
# flake8: noqa: E402
"""Every row of the speed tables on a CUDA machine, the longest last.

Writes the JSON file after each row, and starts none after --minutes; a row
that fails or is not reached says so there. --rehearse runs the same rows with
tiny sizes on whatever device there is.

    python projects/benchmark/on_cuda.py --workers 16
    python projects/benchmark/on_cuda.py --rehearse
"""
import sys
from fnmatch import fnmatch
from functools import partial
from pathlib import Path
from typing import Callable, Dict, List, NamedTuple, Optional, Tuple

# PyTorch imports a package of this file's name.
sys.path.pop(0)

import click
import torch

from vitpose_tools.benchmark.attention import (GRIDS, benchmark_attention,
                                               benchmark_growth)
from vitpose_tools.benchmark.codec import benchmark_codec
from vitpose_tools.benchmark.distillation import benchmark_distillation
from vitpose_tools.benchmark.evaluation import benchmark_evaluation
from vitpose_tools.benchmark.experts import benchmark_experts
from vitpose_tools.benchmark.grouping import benchmark_grouping
from vitpose_tools.benchmark.network import benchmark_network
from vitpose_tools.benchmark.networks import PACKAGES
from vitpose_tools.benchmark.precision import benchmark_precision
from vitpose_tools.cli.benchmark_options import installed, measure, start

RESULT = Path(__file__).parent / 'results' / 'cuda.json'
TINY = dict(embed_dim=32, depth=2, num_heads=2)
BF16, FP16, FP32 = 'bfloat16', 'float16', 'float32'


class Scale(NamedTuple):
    """How large everything is."""

    archs: Dict[str, object]
    batch: int
    batches: tuple
    sizes: tuple
    grids: tuple
    people: tuple
    crops: int
    rounds: int


FULL = Scale(
    archs=dict(small='small', base='base', large='large', huge='huge'),
    batch=64, batches=(1, 4, 16, 64, 256),
    sizes=((256, 192), (256, 256), (384, 288), (384, 384), (576, 432)),
    grids=GRIDS, people=(0, 1, 5, 20, 30), crops=5000, rounds=10)
REHEARSAL = Scale(
    archs=dict.fromkeys(FULL.archs, TINY), batch=2, batches=(1, 3),
    sizes=((64, 48), (96, 64)), grids=((8, 8), (16, 8)), people=(0, 2),
    crops=20, rounds=2)


def jobs(scale: Scale, device: str, compiled: bool, workers: int,
         trained: Optional[Tuple[Path, Path]]
         ) -> Dict[str, Callable[[], List[dict]]]:
    """What to measure, those that take longest and the curves last."""
    archs, batch, rounds = scale.archs, scale.batch, scale.rounds
    base, size = archs['base'], scale.sizes[0]
    half = FP16 if device == 'cuda' else BF16
    peers = installed(*PACKAGES)
    pair = [name for name in ('vitpose_mm', 'mmpose') if name in peers]
    found = {}
    for count in (17, 133):
        found[f'codec {count}'] = partial(
            benchmark_codec, count, size, batch, device, rounds)
    for name in ('base', 'large', 'huge'):
        found[f'network {name}'] = partial(
            benchmark_network, peers, archs[name], size, batch, BF16, device,
            rounds, compiled)
    found['moe'] = partial(
        benchmark_experts, base, size, batch, BF16, device, rounds)
    found['distillation'] = partial(
        benchmark_distillation, archs['small'], base, size, batch, BF16,
        device, rounds)
    found['attention'] = partial(
        benchmark_attention, base, min(batch, 16), BF16, device, rounds,
        scale.grids)
    found['attention growth'] = partial(
        benchmark_growth, base, BF16, device, rounds, scale.grids)
    found.update(train_jobs(scale, device, compiled, half, pair))
    for many in scale.batches:
        found[f'batch {many}'] = partial(
            benchmark_network, pair[:1], base, size, many, BF16, device,
            rounds)
    for crop in scale.sizes:
        found[f'resolution {crop[0]}x{crop[1]}'] = partial(
            benchmark_network, pair[:1], base, crop, batch, BF16, device,
            rounds)
    found['grouping'] = partial(
        benchmark_grouping, scale.people, device, rounds)
    if trained:
        found['precision'] = partial(benchmark_precision, *trained, device)
    for name in ('base', 'huge'):
        # The network's part of the evaluation: the flip test doubles the
        # batch.
        found[f'eval network {name}'] = partial(
            benchmark_network, pair[:1], archs[name], size, 2 * batch, half,
            device, rounds)
        found[f'eval {name}'] = partial(
            benchmark_evaluation, pair, archs[name], size, batch, scale.crops,
            dict(vitpose_mm=half, mmpose=FP32), workers, rounds=1)
    return found


def train_jobs(scale: Scale, device: str, compiled: bool, half: str,
               pair: List[str]) -> Dict[str, Callable[[], List[dict]]]:
    """Training steps; each alone, because two do not fit."""
    from vitpose_tools.benchmark.training import benchmark_training
    found = {}
    for name in ('base', 'large'):
        for peer, dtype in (('vitpose_mm', BF16), ('mmpose', half),
                            ('mmpose', FP32)):
            if peer in pair:
                found[f'train {name} {peer} {dtype}'] = partial(
                    benchmark_training, [peer], scale.archs[name],
                    scale.sizes[0], scale.batch, dtype, device, scale.rounds,
                    compiled and peer == 'vitpose_mm')
    return found


@click.command()
@click.option('--out', type=click.Path(path_type=Path),
              help='JSON file.  [default: results/cuda.json beside this, or '
              'rehearsal.json here]')
@click.option('--minutes', default=8., show_default=True,
              help='Start nothing after so long.')
@click.option('--workers', default=8, show_default=True,
              help="Processes of the evaluation's loader.")
@click.option('--compile/--no-compile', 'compiled', default=True,
              show_default=True, help='Measure with CompileHook too.')
@click.option('--trained', nargs=2, type=click.Path(
    exists=True, path_type=Path), metavar='CONFIG CHECKPOINT',
    help='For the rows on precision, which need trained weights.')
@click.option('--job', 'patterns', multiple=True, metavar='PATTERN',
              help="Only those whose names fit, such as 'train *'; may be "
              'repeated.')
@click.option('--rehearse', is_flag=True, help='Tiny sizes, any device.')
def main(out: Optional[Path], minutes: float, workers: int, compiled: bool,
         trained: Optional[Tuple[Path, Path]], patterns: Tuple[str, ...],
         rehearse: bool) -> None:
    """Measure every row of the speed tables on a CUDA machine."""
    if not rehearse and not torch.cuda.is_available():
        raise click.ClickException('PyTorch sees no CUDA device; try '
                                   '--rehearse')
    if out is None:
        out = Path('rehearsal.json') if rehearse else RESULT
    device = start(None)
    found = jobs(REHEARSAL if rehearse else FULL, device, compiled, workers,
                 trained)
    if patterns:
        found = {name: job for name, job in found.items()
                 if any(fnmatch(name, pattern) for pattern in patterns)}
    if not found:
        raise click.BadParameter(f'no job fits {", ".join(patterns)}')
    measure(found, out, False, minutes)


if __name__ == '__main__':
    main()
