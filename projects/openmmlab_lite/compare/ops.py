# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Compare mmcv-lite-ops with compiled MMCV, operator by operator.

Each environment writes what its operators return, for the same inputs:

    python projects/openmmlab_lite/compare/ops.py dump lite.pt
    python projects/openmmlab_lite/compare/ops.py dump compiled.pt

the first with mmcv-lite-ops installed, the second with a compiled MMCV. Then,
with either,

    python projects/openmmlab_lite/compare/ops.py compare lite.pt compiled.pt

writes ``results/ops.json`` and fails if anything differs. For what MMCV
compiles for GPUs only, the second holds loops in float64 instead.
"""
import json
import platform
from pathlib import Path
from typing import Dict, List

import click
import mmcv
import torch
import torchvision
from mmcv import _ext
from ops_cases import cases, run
from ops_references import reference
from torch import Tensor

RESULTS = Path(__file__).parent / 'results' / 'ops.json'


def extension() -> str:
    """'mmcv-lite-ops' or 'compiled'."""
    stand_in = Path(_ext.__file__).name == '_ext.py'
    return 'mmcv-lite-ops' if stand_in else 'compiled'


def environment() -> Dict[str, str]:
    return dict(
        extension=extension(),
        mmcv=mmcv.__version__,
        torch=str(torch.__version__),
        torchvision=str(torchvision.__version__),
        python=platform.python_version(),
        machine=platform.machine())


def result(case) -> Dict[str, object]:
    """Tensors, and what they come from."""
    try:
        return dict(source=extension(), tensors=run(case.call, case.inputs))
    except RuntimeError as e:
        if 'implementation for device cpu' not in str(e):
            raise
    doubles = {
        # Corners of boxes stay as they are: they decide which pixels.
        k: v.double() if k.startswith('d_') else v
        for k, v in case.inputs.items()
    }
    loop = reference(case.operator, dict(case.options))
    return dict(source='loop in float64', tensors=run(loop, doubles))


def difference(ours: Dict[str, Tensor], theirs: Dict[str, Tensor]) -> float:
    """Largest of all tensors, relative; infinite if shapes or NaNs differ."""
    worst = 0.0
    assert ours.keys() == theirs.keys()
    for name, expected in theirs.items():
        found = ours[name]
        found, expected = found.double(), expected.double()
        if found.shape != expected.shape or not torch.equal(
                found.isnan(), expected.isnan()):
            return float('inf')
        if expected.numel():
            found, expected = found.nan_to_num(), expected.nan_to_num()
            error = (found - expected).abs().max()
            scale = expected.abs().max().clamp(min=1)
            whole = not theirs[name].is_floating_point()
            worst = max(worst, float(error if whole else error / scale))
    return worst


def equal(ours: Dict[str, Tensor], theirs: Dict[str, Tensor]) -> bool:
    return all(
        torch.equal(ours[k].nan_to_num(), v.to(ours[k]).nan_to_num())
        for k, v in theirs.items())


@click.group()
def main() -> None:
    """See the head of this file."""


@main.command()
@click.argument('path', type=click.Path(path_type=Path))
def dump(path: Path) -> None:
    """Write what this environment's operators return."""
    torch.set_num_threads(1)
    results = {
        case.key: dict(operator=case.operator,
                       dtype=str(case.dtype)[6:],
                       allowed=case.tolerance,
                       **result(case))
        for case in cases()
    }
    torch.save(dict(environment=environment(), results=results), path)
    click.echo(f'{len(results)} cases, {extension()}: {path}')


def summary(lite: dict, compiled: dict, failed: List[str]) -> List[dict]:
    """A row for each operator and dtype; adds to ``failed``."""
    rows: Dict[tuple, dict] = {}
    for key, expected in compiled.items():
        found = lite[key]
        group = expected['operator'], expected['dtype'], expected['source']
        row = rows.setdefault(
            group,
            dict(
                operator=group[0],
                dtype=group[1],
                against=group[2],
                cases=0,
                bitwise_equal=0,
                largest_difference=0.0,
                allowed=0.0))
        worst = difference(found['tensors'], expected['tensors'])
        row['cases'] += 1
        row['bitwise_equal'] += equal(found['tensors'], expected['tensors'])
        row['largest_difference'] = max(row['largest_difference'], worst)
        row['allowed'] = max(row['allowed'], expected['allowed'])
        if not worst <= expected['allowed']:
            failed.append(f'{key}: {worst:.3g}')
    return list(rows.values())


@main.command()
@click.argument('lite', type=click.Path(exists=True))
@click.argument('compiled', type=click.Path(exists=True))
@click.option('--out', type=click.Path(path_type=Path), default=RESULTS)
def compare(lite: str, compiled: str, out: Path) -> None:
    """Write a row for each operator; fail if one differs."""
    ours, theirs = (
        torch.load(path, weights_only=True) for path in (lite, compiled))
    found = [x['environment']['extension'] for x in (ours, theirs)]
    if found != ['mmcv-lite-ops', 'compiled']:
        raise click.ClickException(
            f'{lite} must come from mmcv-lite-ops and {compiled} from a '
            f'compiled MMCV; they come from {found[0]} and {found[1]}')
    if ours['results'].keys() != theirs['results'].keys():
        raise click.ClickException(
            f'{lite} and {compiled} hold different cases; write both again')
    failed: List[str] = []
    rows = summary(ours['results'], theirs['results'], failed)
    out.write_text(
        json.dumps(
            dict(
                lite=ours['environment'],
                compiled=theirs['environment'],
                rows=rows,
                failed=failed),
            indent=1) + '\n')
    for row in rows:
        click.echo('{operator:24} {dtype:8} {cases:4} cases, '
                   '{bitwise_equal:4} equal, {largest_difference:.1e}, '
                   'against {against}'.format(**row))
    if failed:
        raise click.ClickException('\n'.join(
            [f'{len(failed)} differ', *failed[:20]]))


if __name__ == '__main__':
    main()
