# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Measure every row of the speed table on a CUDA machine.

Writes the JSON file after each row, and starts none after --minutes; a row
that fails or is not reached says so there, and so does what is not installed.
--rehearse runs the same rows with tiny sizes on whatever device there is.

    python projects/benchmark/cuda.py --workers 16
    python projects/benchmark/cuda.py --rehearse
"""
import gc
import time
from functools import partial
from pathlib import Path
from typing import Callable, Dict, List, NamedTuple, Optional, Union

import click
import moe
import torch
from mmengine.registry import init_default_scope

import vitpose_mm  # noqa: F401
from vitpose_tools.benchmark import environment, time_interleaved, write_result
from vitpose_tools.benchmark.codec import benchmark_codec
from vitpose_tools.benchmark.evaluation import benchmark_evaluation
from vitpose_tools.benchmark.network import benchmark_network, summary
from vitpose_tools.benchmark.networks import PACKAGES, is_installed
from vitpose_tools.benchmark.table import format_table
from vitpose_tools.benchmark.training import benchmark_training

RESULT = Path(__file__).parent / 'results' / 'cuda.json'
TINY = dict(embed_dim=32, depth=2, num_heads=2)
BF16, FP16, FP32 = torch.bfloat16, torch.float16, torch.float32


class Scale(NamedTuple):
    """How large everything is."""

    archs: Dict[str, object]
    size: tuple
    batch: int
    batches: tuple
    sizes: tuple
    crops: int
    rounds: int
    device: str


FULL = Scale(
    archs=dict(base='base', large='large', huge='huge'), size=(256, 192),
    batch=64, batches=(1, 4, 16, 64, 256),
    sizes=((256, 192), (384, 288), (576, 432)), crops=5000, rounds=10,
    device='cuda')
REHEARSAL = Scale(
    archs=dict(base=TINY, large=TINY, huge=TINY), size=(64, 48), batch=2,
    batches=(1, 3), sizes=((64, 48), (96, 64)), crops=20, rounds=2,
    device='cuda' if torch.cuda.is_available() else 'cpu')


def experts(arch: Union[str, dict], batch: int, device: str,
            rounds: int) -> List[dict]:
    """Rows of a training step with and without experts, in turns."""
    init_default_scope('mmpose')
    runs = moe.steps(moe.build(arch, device), batch, True, device)
    return [
        dict(work='train', implementation=name, device=device, arch=arch,
             batch=batch, dtype='bfloat16', **summary(timing, batch))
        for name, timing in time_interleaved(runs, rounds, 2, device).items()
    ]


def jobs(scale: Scale, compiled: bool,
         workers: int) -> Dict[str, Callable[[], List[dict]]]:
    """What to measure, those that take longest and the curves last."""
    device, rounds, batch = scale.device, scale.rounds, scale.batch
    half = FP16 if device == 'cuda' else BF16
    peers = [name for name in PACKAGES if is_installed(name)]
    pair = [name for name in ('vitpose_mm', 'mmpose') if name in peers]
    found = {}
    for count in (17, 133):
        found[f'codec {count}'] = partial(
            benchmark_codec, count, scale.size, batch, device, rounds)
    for name, arch in scale.archs.items():
        found[f'network {name}'] = partial(
            benchmark_network, peers, arch, scale.size, batch, BF16, device,
            rounds, compiled)
    found['experts'] = partial(experts, scale.archs['base'], batch, device,
                               rounds)
    for name in ('base', 'large'):
        arch = scale.archs[name]
        for peer, dtype in (('vitpose_mm', BF16), ('mmpose', half),
                            ('mmpose', FP32)):
            found[f'train {name} {peer} {dtype}'] = partial(
                benchmark_training, [peer], arch, scale.size, batch, dtype,
                device, rounds, compiled and peer == 'vitpose_mm')
    for size in scale.batches:
        found[f'batch {size}'] = partial(
            benchmark_network, pair[:1], scale.archs['base'], scale.size,
            size, BF16, device, rounds)
    for size in scale.sizes:
        found[f'resolution {size[0]}x{size[1]}'] = partial(
            benchmark_network, pair[:1], scale.archs['base'], size, batch,
            BF16, device, rounds)
    for name in ('base', 'huge'):
        found[f'eval {name}'] = partial(
            benchmark_evaluation, pair, scale.archs[name], scale.size,
            batch, scale.crops, dict(vitpose_mm=half, mmpose=FP32), workers,
            rounds=1)
        # The network's part of it: the flip test doubles the batch.
        found[f'eval network {name}'] = partial(
            benchmark_network, pair[:1], scale.archs[name], scale.size,
            2 * batch, half, device, rounds)
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
@click.option('--rehearse', is_flag=True, help='Tiny sizes, any device.')
def main(out: Optional[Path], minutes: float, workers: int, compiled: bool,
         rehearse: bool) -> None:
    """Measure every row of the speed table on a CUDA machine."""
    if not rehearse and not torch.cuda.is_available():
        raise click.ClickException('PyTorch sees no CUDA device; try '
                                   '--rehearse')
    if out is None:
        out = Path('rehearsal.json') if rehearse else RESULT
    start = time.monotonic()
    result = dict(
        environment=environment(), rehearsal=rehearse, rows=[],
        not_installed=[name for name in PACKAGES if not is_installed(name)],
        not_measured={}, seconds={})
    if compiled:
        try:
            torch.compile(torch.relu)(torch.ones(
                2, device=REHEARSAL.device))
        except Exception as error:
            result['not_measured']['compiled'] = repr(error)
            compiled = False
    for name, run in jobs(REHEARSAL if rehearse else FULL, compiled,
                          workers).items():
        began = time.monotonic()
        if began - start > 60 * minutes:
            result['not_measured'][name] = f'after {minutes:g} minutes'
            continue
        try:
            rows = [dict(row, job=name) for row in run()]
        except Exception as error:
            # One row must not cost the others; the exit code tells.
            result['not_measured'][name] = repr(error)
            rows = []
        result['rows'] += rows
        result['seconds'][name] = time.monotonic() - began
        write_result(out, result)
        if rows:
            click.echo(format_table(rows))
        # MMEngine's runners hold themselves.
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
    write_result(out, result)
    for name, why in result['not_measured'].items():
        click.echo(f'{name}: not measured, {why}', err=True)
    raise SystemExit(bool(result['not_measured']))


if __name__ == '__main__':
    main()
