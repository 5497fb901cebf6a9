# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import json
from contextlib import contextmanager
from functools import reduce
from itertools import product
from pathlib import Path
from typing import Callable, Iterator, List, Optional, Tuple

import click

from vitpose_tools.environment import pick_device


def whole_patches(context: click.Context, option: click.Parameter,
                  size: Tuple[int, int]) -> Tuple[int, int]:
    """Check --size."""
    if any(side % 16 for side in size):
        raise click.BadParameter(f'{size[0]} {size[1]} are not both '
                                 'multiples of 16, the side of a patch')
    return size


# Each benchmark has these options.
COMMON = [
    click.option('--rounds', type=click.IntRange(min=1), default=10,
                 show_default=True, help='Timed runs of each.'),
    click.option('--size', type=click.IntRange(min=32), nargs=2,
                 default=(256, 192), show_default=True, metavar='H W',
                 callback=whole_patches, help='Crop in pixels.'),
    click.option('--out', type=click.Path(path_type=Path),
                 help='Write the results to this JSON file.'),
    click.option('--json', 'as_json', is_flag=True, help='Print JSON.'),
]
DEVICE = click.option('--device', type=click.Choice(['cpu', 'cuda']),
                      help='[default: cuda if there is one]')
BATCH = click.option('--batch', 'batches', type=click.IntRange(min=1),
                     multiple=True, default=(64, ), show_default=True,
                     help='Crops at once; may be repeated.')
MODEL = [
    click.option('--arch', 'archs', multiple=True, default=('base', ),
                 type=click.Choice(['small', 'base', 'large', 'huge']),
                 show_default=True, help='Of the ViT; may be repeated.'),
    click.option('--dtype', default='float32', show_default=True,
                 type=click.Choice(['float32', 'bfloat16', 'float16']),
                 help='Of autocast, in a forward or a test of this project '
                 'with HalfWeightsHook.'),
]
COMPILE = click.option('--compile', 'compiled', is_flag=True,
                       help='Measure this project with CompileHook too.')


def options(*each: Callable) -> Callable:
    """Give a command these options and the common ones."""
    return lambda run: reduce(lambda f, option: option(f),
                              [*reversed(COMMON), *reversed(each)], run)


@click.group()
def command() -> None:
    """Measure ViTPose beside other implementations of it, in turns.

    What is not installed is left out. The models are untrained: speed does
    not depend on the weights.

    \b
    vitpose-mm benchmark network --arch base --dtype bfloat16 --batch 64
    vitpose-mm benchmark train --arch base --batch 32 --compile
    vitpose-mm benchmark eval --crops 1000
    vitpose-mm benchmark codec --keypoints 133
    """


@command.command()
@options(*MODEL, BATCH, DEVICE, COMPILE)
@click.option('--plot', type=click.Path(path_type=Path),
              help='Draw throughput over parameters to this .png file.')
def network(archs: Tuple[str, ...], dtype: str, batches: Tuple[int, ...],
            device: Optional[str], compiled: bool, rounds: int,
            size: Tuple[int, int], out: Optional[Path], as_json: bool,
            plot: Optional[Path]) -> None:
    """Time one forward: this project, MMPose, transformers, and a plain ViT
    of timm, without decoder, as the floor.

    The peak is what a matrix product of the network's own shape reaches.

    \b
    vitpose-mm benchmark network --arch base --arch large --plot speed.png
    vitpose-mm benchmark network --batch 1 --batch 16 --batch 256
    """
    import torch
    start()
    from vitpose_mm.fileio import write_beside
    from vitpose_tools.benchmark.network import benchmark_network
    from vitpose_tools.benchmark.table import draw_figure
    names = installed('vitpose_mm', 'mmpose', 'transformers', 'timm')
    with finished(out, as_json) as rows:
        for arch, batch in product(archs, batches):
            with in_memory(arch, batch):
                rows += benchmark_network(names, arch, size, batch,
                                          getattr(torch, dtype),
                                          pick_device(device), rounds,
                                          compiled)
    if plot:
        write_beside(plot, lambda path: draw_figure(rows, path))


@command.command()
@options(*MODEL, BATCH, DEVICE, COMPILE)
def train(archs: Tuple[str, ...], dtype: str, batches: Tuple[int, ...],
          device: Optional[str], compiled: bool, rounds: int,
          size: Tuple[int, int], out: Optional[Path], as_json: bool) -> None:
    """Time one training step on a batch in memory: this project and MMPose,
    each with the recipe of its config.

    \b
    vitpose-mm benchmark train --arch large --dtype bfloat16
    """
    import torch
    start()
    from vitpose_tools.benchmark.training import benchmark_training
    names = installed('vitpose_mm', 'mmpose')
    with finished(out, as_json) as rows:
        for arch, batch in product(archs, batches):
            with in_memory(arch, batch):
                rows += benchmark_training(names, arch, size, batch,
                                           getattr(torch, dtype),
                                           pick_device(device), rounds,
                                           compiled)


@command.command('eval')
@options(*MODEL, BATCH)
@click.option('--crops', type=click.IntRange(min=1), default=1000,
              show_default=True, help='Boxes to test, 20 in each image.')
@click.option('--workers', type=click.IntRange(min=0), default=4,
              show_default=True, help='Processes of the loader.')
def evaluate(archs: Tuple[str, ...], dtype: str, batches: Tuple[int, ...],
             crops: int, workers: int, rounds: int, size: Tuple[int, int],
             out: Optional[Path], as_json: bool) -> None:
    """Time MMEngine's test loop, from made-up image files to AP: this
    project in the dtype of --dtype, MMPose in float32, as its config has it.

    \b
    vitpose-mm benchmark eval --crops 5000 --dtype float16 --workers 16
    """
    import torch
    start()
    from vitpose_tools.benchmark.evaluation import benchmark_evaluation
    dtypes = dict(vitpose_mm=getattr(torch, dtype), mmpose=torch.float32)
    names = installed('vitpose_mm', 'mmpose')
    with finished(out, as_json) as rows:
        for arch, batch in product(archs, batches):
            with in_memory(arch, batch):
                rows += benchmark_evaluation(names, arch, size, batch, crops,
                                             dtypes, workers, rounds)


@command.command()
@options(BATCH, DEVICE)
@click.option('--keypoints', type=click.IntRange(min=1), multiple=True,
              default=(17, 133), show_default=True,
              help='Of each person; may be repeated.')
def codec(batches: Tuple[int, ...], device: Optional[str],
          keypoints: Tuple[int, ...], rounds: int, size: Tuple[int, int],
          out: Optional[Path], as_json: bool) -> None:
    """Time decoding and encoding of a batch: BatchUDPHeatmap and MMPose's
    UDPHeatmap.

    \b
    vitpose-mm benchmark codec --keypoints 17 --device cpu
    """
    start()
    from vitpose_tools.benchmark.codec import benchmark_codec
    with finished(out, as_json) as rows:
        for count, batch in product(keypoints, batches):
            rows += benchmark_codec(count, size, batch, pick_device(device),
                                    rounds)


def start() -> None:
    """Register what the benchmarks build, and keep logs off the results."""
    from mmengine.logging import MMLogger

    import vitpose_mm  # noqa: F401
    MMLogger.get_current_instance().setLevel('WARNING')


def installed(*names: str) -> List[str]:
    """Those that can be built here; the others are named on stderr."""
    from vitpose_tools.benchmark.networks import PACKAGES, is_installed
    found = [name for name in names if is_installed(name)]
    for name in names:
        if name not in found:
            click.echo(f'{name} is left out: {PACKAGES[name]} is not '
                       'installed', err=True)
    return found


@contextmanager
def in_memory(arch: str, batch: int) -> Iterator[None]:
    """Turn a lack of device memory into one sentence."""
    import torch
    try:
        yield
    except torch.cuda.OutOfMemoryError as error:
        raise click.ClickException(
            f'--arch {arch} --batch {batch} does not fit into the memory of '
            'the device; take a smaller batch') from error


@contextmanager
def finished(out: Optional[Path], as_json: bool) -> Iterator[List[dict]]:
    """Print the results and write them to a file, also those before a
    failure."""
    from vitpose_mm.fileio import write_beside
    from vitpose_tools.benchmark import environment
    from vitpose_tools.benchmark.table import format_table
    rows = []
    try:
        yield rows
    finally:
        text = json.dumps(
            dict(environment=environment(), rows=rows), indent=2)
        if rows:
            click.echo(text if as_json else format_table(rows))
        if rows and out:
            write_beside(out, lambda path: path.write_text(text + '\n'))
