# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""What the commands of `vitpose-mm analyze` share."""
import contextlib
import json
import sys
from pathlib import Path
from typing import Any, Callable, Dict, Iterator

import click

PATH = click.Path(path_type=Path)
CONFIG = click.argument('config', type=PATH)
OUT = click.option('--out', type=PATH, default='analysis', show_default=True,
                   help='Folder for the pictures and the JSON.')
DATASET = click.option('--dataset', help='Name of one of the datasets of a '
                       'joint config.')
DEVICE = click.option('--device', type=click.Choice(['cpu', 'cuda']),
                      help='[default: cuda if there is one]')
JSON = click.option('--json', 'as_json', is_flag=True,
                    help='Print what the JSON file holds.')


@contextlib.contextmanager
def refusals() -> Iterator[None]:
    """What a person can cure is one sentence and exit code 1. Packages print
    while they load; stdout is for the result."""
    from vitpose_mm.checkpoints import CheckpointError
    from vitpose_tools.predict.open_model import ModelError
    from vitpose_tools.report import RunError
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    except (CheckpointError, ModelError, RunError) as error:
        raise click.ClickException(str(error)) from error


def write(out: Path, numbers: dict, name: str, figures: Dict[str, Any],
          as_json: bool) -> None:
    """Write NAME.json and the figures by their names, all or none, and say
    where they are."""
    from vitpose_mm.fileio import write_all_beside
    text = json.dumps(numbers, indent=2, ensure_ascii=False)

    def saving(figure: Any) -> Callable[[Path], None]:
        return lambda path: figure.savefig(path, dpi=110)

    writes = {out / f'{picture}.png': saving(figure)
              for picture, figure in figures.items()}
    writes[out / f'{name}.json'] = lambda path: path.write_text(
        text, encoding='utf-8')
    write_all_beside(writes)
    click.echo(text if as_json else
               'Wrote ' + ', '.join(str(path) for path in writes))
