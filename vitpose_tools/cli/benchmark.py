# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from functools import partial
from pathlib import Path
from typing import Optional, Tuple

import click

from .benchmark_options import (ARCH_NAMES, BATCHES, COMPILE, COUNT, DEVICE,
                                DTYPE, ROUNDS, SIZE, arch, batch, installed,
                                measure, options, several, start,
                                whole_patches)

Sizes = Tuple[Tuple[int, int], ...]


@click.group()
def command() -> None:
    """Measure ViTPose, beside other implementations of it, in turns.

    What is not installed is left out. The models are untrained: speed does
    not depend on the weights.

    \b
    vitpose-mm benchmark network --arch base --dtype bfloat16 --batch 64
    vitpose-mm benchmark train --arch base --batch 32 --compile
    vitpose-mm benchmark eval --crops 1000
    vitpose-mm benchmark codec --keypoints 133
    """


@command.command()
@options(ARCH_NAMES, DTYPE, BATCHES, SIZE, DEVICE, ROUNDS, COMPILE,
         click.option('--plot', type=click.Path(path_type=Path),
                      help='Draw throughput over parameters to this .png.'))
def network(archs: Tuple[str, ...], dtype: str, batches: Tuple[int, ...],
            size: Tuple[int, int], device: Optional[str], rounds: int,
            compiled: bool, plot: Optional[Path], out: Optional[Path],
            as_json: bool) -> None:
    """Time one forward: this project, MMPose, transformers, and a plain ViT
    of timm, without decoder, as the floor.

    The peak is what a matrix product of the network's own shape reaches.

    \b
    vitpose-mm benchmark network --arch base --arch large --plot speed.png
    vitpose-mm benchmark network --batch 1 --batch 16 --batch 256
    """
    device = start(device)
    from vitpose_mm.fileio import write_beside
    from vitpose_tools.benchmark.network import benchmark_network
    from vitpose_tools.benchmark.table import draw_figure
    names = installed('vitpose_mm', 'mmpose', 'transformers', 'timm')
    rows = measure({
        f'--arch {arch} --batch {batch}': partial(
            benchmark_network, names, arch, size, batch, dtype, device,
            rounds, compiled) for arch in archs for batch in batches
    }, out, as_json)
    if plot:
        write_beside(plot, lambda path: draw_figure(rows, path))


@command.command()
@options(ARCH_NAMES, DTYPE, BATCHES, SIZE, DEVICE, ROUNDS, COMPILE)
def train(archs: Tuple[str, ...], dtype: str, batches: Tuple[int, ...],
          size: Tuple[int, int], device: Optional[str], rounds: int,
          compiled: bool, out: Optional[Path], as_json: bool) -> None:
    """Time one training step on a batch in memory: this project and MMPose,
    each with the recipe of its config.

    \b
    vitpose-mm benchmark train --arch large --dtype bfloat16
    """
    device = start(device)
    from vitpose_tools.benchmark.training import benchmark_training
    names = installed('vitpose_mm', 'mmpose')
    measure({
        f'--arch {arch} --batch {batch}': partial(
            benchmark_training, names, arch, size, batch, dtype, device,
            rounds, compiled) for arch in archs for batch in batches
    }, out, as_json)


@command.command('eval')
@options(ARCH_NAMES, DTYPE, BATCHES, SIZE, ROUNDS,
         click.option('--crops', type=COUNT, default=1000, show_default=True,
                      help='Boxes to test, 20 in each image.'),
         click.option('--workers', type=click.IntRange(min=0), default=4,
                      show_default=True, help='Processes of the loader.'))
def evaluate(archs: Tuple[str, ...], dtype: str, batches: Tuple[int, ...],
             size: Tuple[int, int], rounds: int, crops: int, workers: int,
             out: Optional[Path], as_json: bool) -> None:
    """Time MMEngine's test loop, from made-up image files to AP: this
    project in the dtype of --dtype, MMPose in float32, as its config has it.

    \b
    vitpose-mm benchmark eval --crops 5000 --dtype float16 --workers 16
    """
    start(None)
    from vitpose_tools.benchmark.evaluation import benchmark_evaluation
    names = installed('vitpose_mm', 'mmpose')
    dtypes = dict(vitpose_mm=dtype, mmpose='float32')
    measure({
        f'--arch {arch} --batch {batch}': partial(
            benchmark_evaluation, names, arch, size, batch, crops, dtypes,
            workers, rounds) for arch in archs for batch in batches
    }, out, as_json)


@command.command()
@options(several('keypoints', 'keypoints', (17, 133), COUNT,
                 'Of each person.'),
         BATCHES, SIZE, DEVICE, ROUNDS)
def codec(keypoints: Tuple[int, ...], batches: Tuple[int, ...],
          size: Tuple[int, int], device: Optional[str], rounds: int,
          out: Optional[Path], as_json: bool) -> None:
    """Time decoding and encoding of a batch: BatchUDPHeatmap and MMPose's
    UDPHeatmap.

    \b
    vitpose-mm benchmark codec --keypoints 17 --device cpu
    """
    device = start(device)
    from vitpose_tools.benchmark.codec import benchmark_codec
    measure({
        f'--keypoints {count} --batch {batch}': partial(
            benchmark_codec, count, size, batch, device, rounds)
        for count in keypoints for batch in batches
    }, out, as_json)


@command.command()
@options(arch('small'), DTYPE, DEVICE, ROUNDS,
         several('batch', 'batches', (1, 4, 16, 64, 256), COUNT,
                 'At the first size.'),
         click.option('--size', 'sizes', type=click.IntRange(min=32), nargs=2,
                      multiple=True, metavar='H W', callback=whole_patches,
                      default=((256, 192), (256, 256), (384, 288), (384, 384),
                               (576, 432)), show_default=True,
                      help='At the first batch. May be repeated.'))
def scaling(arch: str, dtype: str, device: Optional[str], rounds: int,
            batches: Tuple[int, ...], sizes: Sizes, out: Optional[Path],
            as_json: bool) -> None:
    """Time and memory of a forward of this project by batch and by size.

    \b
    vitpose-mm benchmark scaling --arch base --dtype bfloat16
    """
    device = start(device)
    from vitpose_tools.benchmark.network import benchmark_network
    cases = [(batch, sizes[0]) for batch in batches]
    cases += [(batches[0], size) for size in sizes[1:]]
    measure({
        f'--batch {batch} --size {height} {width}': partial(
            benchmark_network, ['vitpose_mm'], arch, (height, width), batch,
            dtype, device, rounds) for batch, (height, width) in cases
    }, out, as_json)


@command.command()
@options(arch(), DTYPE, batch(1), DEVICE, ROUNDS)
def attention(arch: str, dtype: str, batch: int, device: Optional[str],
              rounds: int, out: Optional[Path], as_json: bool) -> None:
    """Time and memory of one block with each type of attention, by number of
    patches.

    \b
    vitpose-mm benchmark attention --dtype bfloat16 --batch 16
    """
    device = start(device)
    from vitpose_tools.benchmark.attention import GRIDS, benchmark_attention
    measure({
        f'grid {grid}': partial(benchmark_attention, arch, batch, dtype,
                                device, rounds, [grid]) for grid in GRIDS
    }, out, as_json)


@command.command('attention-growth')
@options(arch(), DTYPE, DEVICE, ROUNDS)
def growth(arch: str, dtype: str, device: Optional[str], rounds: int,
           out: Optional[Path], as_json: bool) -> None:
    """Time each type of attention on the same number of patches, in few
    large images or in many small ones.

    \b
    vitpose-mm benchmark attention-growth --rounds 3
    """
    device = start(device)
    from vitpose_tools.benchmark.attention import benchmark_growth
    measure({'growth': partial(benchmark_growth, arch, dtype, device, rounds)},
            out, as_json)


@command.command()
@options(arch(), DTYPE, batch(12), SIZE, DEVICE, ROUNDS)
def moe(arch: str, dtype: str, batch: int, size: Tuple[int, int],
        device: Optional[str], rounds: int, out: Optional[Path],
        as_json: bool) -> None:
    """Time a forward and backward of ViTPose+ against one of ViTPose.

    \b
    vitpose-mm benchmark moe --arch base --batch 12
    """
    device = start(device)
    from vitpose_tools.benchmark.experts import benchmark_experts
    measure({'moe': partial(benchmark_experts, arch, size, batch, dtype,
                            device, rounds)}, out, as_json)


@command.command()
@options(arch('small', 'student', 'Who learns.'),
         arch('base', 'teacher', 'Who teaches.'),
         DTYPE, batch(2), SIZE, DEVICE, ROUNDS)
def distillation(student: str, teacher: str, dtype: str, batch: int,
                 size: Tuple[int, int], device: Optional[str], rounds: int,
                 out: Optional[Path], as_json: bool) -> None:
    """Time a training step with a teacher, one without, and the teacher's
    bare forward.

    \b
    vitpose-mm benchmark distillation --teacher large --dtype bfloat16
    """
    device = start(device)
    from vitpose_tools.benchmark.distillation import benchmark_distillation
    measure({'distillation': partial(
        benchmark_distillation, student, teacher, size, batch, dtype, device,
        rounds)}, out, as_json)


@command.command()
@options(several('people', 'people', (0, 1, 5, 20, 30), click.IntRange(0, 30),
                 'In the image.'), DEVICE, ROUNDS)
def grouping(people: Tuple[int, ...], device: Optional[str], rounds: int,
             out: Optional[Path], as_json: bool) -> None:
    """Time the parts of a bottom-up prediction, by number of people.

    \b
    vitpose-mm benchmark grouping --people 5 --people 30
    """
    device = start(device)
    from vitpose_tools.benchmark.grouping import benchmark_grouping
    measure({'grouping': partial(benchmark_grouping, people, device, rounds)},
            out, as_json)


@command.command()
@click.argument('config', type=click.Path(exists=True, path_type=Path))
@click.argument('checkpoint')
@options(DEVICE)
def precision(config: Path, checkpoint: str, device: Optional[str],
              out: Optional[Path], as_json: bool) -> None:
    """Test CHECKPOINT with MMPose's parts and with the fast ones, in each
    precision: metrics, and how far the keypoints move.

    CHECKPOINT is a file, an address or a name of `vitpose-mm models`.

    \b
    vitpose-mm benchmark precision CONFIG CHECKPOINT --json
    """
    device = start(device)
    from vitpose_mm.checkpoints import CheckpointError
    from vitpose_tools.benchmark.precision import benchmark_precision
    from vitpose_tools.models import resolve_checkpoint
    try:
        checkpoint = resolve_checkpoint(checkpoint)
    except CheckpointError as error:
        raise click.ClickException(str(error)) from error
    measure({'precision': partial(benchmark_precision, config, checkpoint,
                                  device)}, out, as_json)
