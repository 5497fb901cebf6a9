# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Which stock configs run with mmcv-lite-ops as with compiled MMCV.

Each environment builds the models with the same made-up weights, predicts on
the same picture and takes a gradient of all weights:

    python projects/openmmlab_lite/compare/stock_configs.py dump lite.pt
    python projects/openmmlab_lite/compare/stock_configs.py dump compiled.pt

the first with mmcv-lite-ops installed, the second with a compiled MMCV. Then,
with either,

    python projects/openmmlab_lite/compare/stock_configs.py table lite.pt \\
        compiled.pt

writes ``results/stock_configs.json`` and prints a table in Markdown. Results
go from config to config into the file; a second call goes on where the first
stopped. The table needs no package of OpenMMLab.
"""
import json
from pathlib import Path
from typing import Dict, List
from zlib import crc32

import click
import numpy as np
import torch
from torch import Tensor

RESULTS = Path(__file__).parent / 'results' / 'stock_configs.json'
# Largest difference allowed, relative to the largest value or one.
TOLERANCE = 1e-4


def picture() -> np.ndarray:
    """(160, 128, 3), uint8: smooth, with edges."""
    y, x = np.mgrid[:160, :128]
    waves = [np.sin(x / (9 + c) + y / (17 - 3 * c)) for c in range(3)]
    image = (np.stack(waves, -1) + 1) * 100
    image[40:120, 30:90] += 40
    return image.astype(np.uint8)


def attempt(function, *arguments: object) -> Dict[str, object]:
    """Tensors, or the error in one line."""
    try:
        return dict(tensors=function(*arguments))
    except Exception as e:  # noqa: B902, the table shows every error
        line = str(e).splitlines()[0] if str(e) else ''
        return dict(error=f'{type(e).__name__}: {line}')


def run(kind: str, path: str) -> Dict[str, dict]:
    """What one config gives."""
    from stock_models import (gradients, load_config, predict,
                              with_made_up_weights)
    built = {}

    def build() -> Dict[str, Tensor]:
        torch.manual_seed(crc32(path.encode()))
        built['model'] = with_made_up_weights(load_config(kind, path))
        state = built['model'].state_dict().values()
        return dict(weights=torch.stack([x.double().sum() for x in state]))

    found = dict(build=attempt(build))
    if 'model' in built:
        image = picture()
        found['predict'] = attempt(predict, kind, built['model'], image)
        found['gradients'] = attempt(gradients, kind, built['model'], image)
    return found


@click.group()
def main() -> None:
    """See the head of this file."""


@main.command()
@click.argument('path', type=click.Path(path_type=Path))
def dump(path: Path) -> None:
    """Write what this environment's models give."""
    from ops import environment
    from stock_models import CONFIGS
    torch.set_num_threads(1)
    done = dict(environment=environment(), results={})
    if path.exists():
        done = torch.load(path, weights_only=True)
        if done['environment'] != environment():
            raise click.ClickException(
                f'{path} comes from another environment; name another file')
    for family, kind, config in CONFIGS:
        if config not in done['results']:
            found = run(kind, config)
            done['results'][config] = dict(family=family, **found)
            torch.save(done, path)
            parts = [f'{k} {v.get("error", "ok")}' for k, v in found.items()]
            click.echo(f'{config}: {", ".join(parts)}')


def verdict(ours: dict, theirs: dict) -> Dict[str, object]:
    """Of one cell: 'equal', 'differs' or what failed where."""
    errors = [x.get('error') for x in (ours, theirs)]
    if any(errors):
        same = errors[0] == errors[1]
        return dict(
            verdict='fails in both' if all(errors) else 'differs',
            same_error=same,
            lite=errors[0],
            compiled=errors[1])
    worst = 0.0
    for name, expected in theirs['tensors'].items():
        found = ours['tensors'].get(name)
        if found is None or found.shape != expected.shape:
            return dict(verdict='differs', tensor=name, why='shape')
        if expected.numel():
            error = (found.double() - expected.double()).abs().max()
            scale = expected.double().abs().max().clamp(min=1)
            worst = max(worst, float(error / scale))
    count = sum(x.numel() for x in theirs['tensors'].values())
    return dict(
        verdict='equal' if worst <= TOLERANCE else 'differs',
        largest_difference=worst,
        numbers=count)


def cell(found: Dict[str, object]) -> str:
    """A word or two of Markdown."""
    if found['verdict'] == 'fails in both':
        return 'fails in both'
    if found['verdict'] == 'differs':
        return '**differs**'
    worst = found['largest_difference']
    return 'bit for bit' if worst == 0 else f'{worst:.0e}'


@main.command()
@click.argument('lite', type=click.Path(exists=True))
@click.argument('compiled', type=click.Path(exists=True))
@click.option('--out', type=click.Path(path_type=Path), default=RESULTS)
def table(lite: str, compiled: str, out: Path) -> None:
    """Write the comparison and print it."""
    ours, theirs = (
        torch.load(path, weights_only=True) for path in (lite, compiled))
    rows: List[dict] = []
    for config, expected in theirs['results'].items():
        family = expected.pop('family')
        cells = {
            part: verdict(ours['results'][config].get(part, {}), found)
            for part, found in expected.items()
        }
        rows.append(dict(family=family, config=config, **cells))
    out.write_text(
        json.dumps(
            dict(
                lite=ours['environment'],
                compiled=theirs['environment'],
                rows=rows),
            indent=1) + '\n')
    click.echo('| | config | builds | predicts | gradients |')
    click.echo('|---|---|---|---|---|')
    for row in rows:
        parts = [
            cell(row[part]) if part in row else '-'
            for part in ('build', 'predict', 'gradients')
        ]
        name = Path(row['config']).stem
        click.echo(f'| {row["family"]} | {name} | ' + ' | '.join(parts) +
                   ' |')


if __name__ == '__main__':
    main()
