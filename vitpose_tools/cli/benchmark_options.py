# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""What the commands of `vitpose-mm benchmark` share."""
import json
import math
from functools import reduce
from pathlib import Path
from typing import Callable, Dict, List, Optional

import click

from vitpose_tools.environment import pick_device
from vitpose_tools.progress import progress


def whole_patches(context: click.Context, option: click.Parameter,
                  value: tuple) -> tuple:
    """Check --size, once or several times."""
    for size in value if option.multiple else (value, ):
        if any(side % 16 for side in size):
            raise click.BadParameter(f'{size[0]} {size[1]} are not both '
                                     'multiples of 16, the side of a patch')
    return value


def several(name: str, names: str, default: tuple, kind: click.ParamType,
            text: str) -> Callable:
    """An option that may be repeated."""
    return click.option(
        f'--{name}', names, type=kind, multiple=True, default=default,
        show_default=True, help=f'{text} May be repeated.')


COUNT = click.IntRange(min=1)
ARCHS = click.Choice(['small', 'base', 'large', 'huge'])
ROUNDS = click.option('--rounds', type=COUNT, default=10, show_default=True,
                      help='Timed runs of each.')
SIZE = click.option('--size', type=click.IntRange(min=32), nargs=2,
                    default=(256, 192), show_default=True, metavar='H W',
                    callback=whole_patches, help='Crop in pixels.')
DEVICE = click.option('--device', type=click.Choice(['cpu', 'cuda']),
                      help='[default: cuda if there is one]')
BATCHES = several('batch', 'batches', (64, ), COUNT, 'Crops at once.')
ARCH_NAMES = several('arch', 'archs', ('base', ), ARCHS, 'Of the ViT.')
DTYPE = click.option('--dtype', default='float32', show_default=True,
                     type=click.Choice(['float32', 'bfloat16', 'float16']),
                     help='Of autocast, or of what is measured alone.')
COMPILE = click.option('--compile', 'compiled', is_flag=True,
                       help='Measure this project with CompileHook too.')
RESULT = [
    click.option('--out', type=click.Path(path_type=Path),
                 help='Write the results to this JSON file.'),
    click.option('--json', 'as_json', is_flag=True, help='Print JSON.'),
]


def arch(default: str = 'base', name: str = 'arch',
         text: str = 'Of the ViT.') -> Callable:
    """Option --arch, or another name of one ViT."""
    return click.option(f'--{name}', type=ARCHS, default=default,
                        show_default=True, help=text)


def batch(default: int) -> Callable:
    """Option --batch for one."""
    return click.option('--batch', type=COUNT, default=default,
                        show_default=True, help='Crops at once.')


def options(*each: Callable) -> Callable:
    """Give a command these options and those of its result."""
    return lambda run: reduce(lambda f, option: option(f),
                              [*reversed(RESULT), *reversed(each)], run)


def start(device: Optional[str]) -> str:
    """Register what the benchmarks build, keep logs off the results, and
    say where to measure."""
    device = pick_device(device)
    import torch
    from mmengine.logging import MMLogger

    import vitpose_mm  # noqa: F401
    MMLogger.get_current_instance().setLevel('WARNING')
    torch.manual_seed(0)
    return device


def installed(*names: str) -> List[str]:
    """Those that can be built here; the others are named on stderr."""
    from vitpose_tools.benchmark.networks import PACKAGES, is_installed
    found = [name for name in names if is_installed(name)]
    for name in names:
        if name not in found:
            click.echo(f'{name} is left out: {PACKAGES[name]} is not '
                       'installed', err=True)
    return found


def measure(jobs: Dict[str, Callable[[], List[dict]]], out: Optional[Path],
            as_json: bool, minutes: float = math.inf) -> List[dict]:
    """Run jobs; print their rows and write them to a file, also those before
    a failure.

    Args:
        minutes: Start nothing after so long.

    Raises:
        ClickException: At the end, if something was not measured.
    """
    from vitpose_tools.benchmark import run_jobs, write_result
    from vitpose_tools.benchmark.table import format_table
    result = dict(rows=[])
    try:
        with progress('Measuring', len(jobs)) as advance:
            for result in run_jobs(jobs, minutes):
                if out and result['rows']:
                    write_result(out, result)
                advance()
    finally:
        if result['rows']:
            click.echo(json.dumps(result, indent=2) if as_json else
                       format_table(result['rows']))
    if result['not_measured']:
        raise click.ClickException('\n'.join(
            f'{name} {why}' for name, why in result['not_measured'].items()))
    return result['rows']
