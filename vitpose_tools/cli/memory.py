# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import contextlib
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Optional

import click

DTYPES = ('float32', 'bfloat16', 'float16')
ROWS = dict(
    weights='weights', gradients='gradients', optimizer="optimiser's state",
    average='average of the weights (EMA)',
    buckets='gradients in exchange (DDP)',
    casts='weights in half precision')


@click.command()
@click.argument('config', type=click.Path(exists=True, dir_okay=False,
                                          path_type=Path))
@click.option('--gpus', type=click.IntRange(1), default=1, show_default=True)
@click.option('--batch', type=click.IntRange(1),
              help="Crops on each GPU.  [default: the config's]")
@click.option('--dtype', type=click.Choice(DTYPES),
              help="Of the forward pass.  [default: the config's]")
@click.option('--checkpointing/--no-checkpointing', 'with_cp', default=None,
              help='Whether blocks are computed again in the backward pass '
              "(with_cp).  [default: the config's]")
@click.option('--json', 'as_json', is_flag=True, help='Print JSON.')
def command(config: Path, gpus: int, batch: Optional[int],
            dtype: Optional[str], with_cp: Optional[bool],
            as_json: bool) -> None:
    """Count what the training of CONFIG holds in a GPU's memory.

    Needs no GPU: the network runs forward here, with one crop and with two.
    Beside what is counted, PyTorch's context takes about 0.5 GB, and the
    allocator keeps some in reserve.

    \b
    Examples:
      vitpose-mm memory CONFIG --gpus 8 --batch 64 --dtype bfloat16
      vitpose-mm memory CONFIG --checkpointing --json
    """
    with contextlib.redirect_stdout(sys.stderr):
        from vitpose_tools.memory import estimate_memory
        try:
            found = estimate_memory(config, gpus, batch, dtype, with_cp)
        except Exception as error:  # of whatever a config leads to
            line = (str(error).splitlines() or [''])[0]
            raise click.ClickException(f'{config}: {line}') from error
    if as_json:
        click.echo(json.dumps(dict(
            asdict(found), buckets=found.buckets, total=found.total,
            total_sharded=found.total_sharded), indent=2))
        return
    for key, text in ROWS.items():
        if getattr(found, key):
            show(text, getattr(found, key))
    show(f'{found.batch} crops, {found.crop / 2**20:.1f} MiB of activations '
         f'and {found.targets / 2**20:.1f} MiB of data each', found.moving)
    on_each = f', on each of {found.gpus} GPUs' if found.gpus > 1 else ''
    show(f'in all{on_each}', found.total)
    if found.gpus > 1:
        show('in all with FSDP', found.total_sharded)


def show(text: str, number: int) -> None:
    click.echo(f'{number / 2**30:8.2f} GiB  {text}')
