# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import json
import sys
from pathlib import Path
from typing import Iterator, Optional, Tuple

import click


@click.group()
def command() -> None:
    """Inspect, convert and compare ViTPose and ViT checkpoints.

    Each is a file, a folder of transformers, an address (https://, or
    hf://OWNER/NAME of the Hugging Face hub), or a name of `vitpose-mm
    models`. Files are read without running any code of theirs.

    \b
    vitpose-mm checkpoint inspect vitpose+_base.pth
    vitpose-mm checkpoint convert vitpose+_base.pth aic.pth \\
        --to vitpose_mm --dataset aic
    vitpose-mm checkpoint verify vitpose-b.pth vitpose-b-hf
    """


@command.command()
@click.argument('src')
@click.argument('dst', type=click.Path(path_type=Path))
@click.option('--to', 'layout', required=True,
              type=click.Choice(['vitpose_mm', 'mmpose', 'official', 'hf']),
              help='Layout to write.')
@click.option('--dataset', metavar='NAME',
              help='Take this dataset (coco, aic, mpii, ap10k, apt36k or '
              'coco_wholebody) out of a joint ViTPose+ file.')
def convert(src: str, dst: Path, layout: str, dataset: Optional[str]) -> None:
    """Write SRC in another layout to DST, a .pth or .safetensors file, or a
    folder for --to hf.

    \b
    vitpose-mm checkpoint convert vitpose-b.pth b.safetensors --to vitpose_mm
    vitpose-mm checkpoint convert vitpose+_base.pth body.pth \\
        --to mmpose --dataset coco_wholebody
    vitpose-mm checkpoint convert epoch_210.pth my-vitpose --to hf
    """
    from vitpose_mm.checkpoints import CheckpointError
    from vitpose_tools.checkpoint_tools.convert import convert as run
    from vitpose_tools.models import fetch_checkpoint
    try:
        path, named = fetch_checkpoint(src)
        report = run(path, dst, layout, dataset or named)
    except CheckpointError as error:
        raise click.ClickException(str(error)) from error
    click.echo(report.table())
    click.echo(f'Wrote {dst} ({layout}).')


@command.command()
@click.argument('file')
@click.option('--json', 'as_json', is_flag=True, help='Print JSON.')
def inspect(file: str, as_json: bool) -> None:
    """Say what FILE holds: layout, size, datasets, heads, what is unusual,
    and which config of this repository fits.

    \b
    vitpose-mm checkpoint inspect vitpose+_base.pth
    vitpose-mm checkpoint inspect vitpose-b-hf --json
    vitpose-mm checkpoint inspect vitpose-plus-base/ap10k
    """
    from vitpose_mm.checkpoints import CheckpointError
    from vitpose_mm.checkpoints.address import is_address
    from vitpose_tools.checkpoint_tools.inspect import inspect_checkpoint
    from vitpose_tools.models import fetch_checkpoint, resolve_checkpoint
    try:
        checkpoint = resolve_checkpoint(file)
        facts = inspect_checkpoint(
            fetch_checkpoint(checkpoint)[0],
            checkpoint if is_address(checkpoint) else None)
    except CheckpointError as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(json.dumps(facts, indent=2))
        return
    for name, text in describe(facts):
        click.echo(f'{name:<12} {text}')


def describe(facts: dict) -> Iterator[Tuple[str, str]]:
    """Lines of `inspect` for people: (name, text)."""
    yield 'file', f"{facts['file']} ({facts['bytes'] / 1e6:.1f} MB)"
    yield 'layout', facts['layout']
    yield 'arch', (f"{facts['arch'] or 'of its own'}: embed_dim "
                   f"{facts['embed_dim']}, depth {facts['depth']}, patches of "
                   f"{facts['patch_size']} pixels")
    height, width = facts['img_size']
    yield 'resolution', f'{height}x{width} pixels (h x w)'
    for dataset, head in facts['heads'].items():
        yield 'head', (f"{dataset + ': ' if dataset else ''}"
                       f"{head['keypoints']} keypoints, {head['decoder']} "
                       'decoder')
    if not facts['heads']:
        yield 'head', 'none, a backbone alone'
    if facts['datasets']:
        yield 'datasets', ', '.join(facts['datasets'])
        yield 'experts', facts['ffn'] + (
            f", {facts['part_features']} channels each"
            if facts['part_features'] else '')
    for line in facts['on_load']:
        yield 'on load', line
    for line in facts['unusual']:
        yield 'unusual', line
    yield 'config', facts['config'] or 'none of this repository fits'
    yield 'next', facts['advice']


@command.command()
@click.argument('first', metavar='A')
@click.argument('second', metavar='B')
@click.option('--config', type=click.Path(exists=True, path_type=Path),
              help='Load both into the model of this config; by default a '
              'ViTPose that fits A.')
@click.option('--dataset', metavar='NAME',
              help='What to compare of joint ViTPose+ files.')
@click.option('--tolerance', default=1e-4, show_default=True,
              help='Largest difference of a heatmap value that passes.')
@click.option('--json', 'as_json', is_flag=True, help='Print JSON.')
def verify(first: str, second: str, config: Optional[Path],
           dataset: Optional[str], tolerance: float, as_json: bool) -> None:
    """Run checkpoints A and B, of any layouts, on the same crops and compare
    heatmaps and keypoints.

    Exit code 1 if a heatmap value differs by more than the tolerance.
    Keypoints are shown but not judged: on a flat heatmap the peak jumps with
    the last digit.

    \b
    vitpose-mm checkpoint verify vitpose-b.pth vitpose-b-hf
    vitpose-mm checkpoint verify vitpose+_base.pth aic.pth --dataset aic
    """
    from vitpose_mm.checkpoints import CheckpointError
    from vitpose_tools.checkpoint_tools.verify import verify as run
    from vitpose_tools.models import fetch_checkpoint
    try:
        (path, named), (path2, named2) = map(fetch_checkpoint,
                                             (first, second))
        result = run(path, path2, config, dataset or named or named2)
    except CheckpointError as error:
        raise click.ClickException(str(error)) from error
    same = result['heatmap'] <= tolerance
    if as_json:
        click.echo(json.dumps(dict(result, same=same), indent=2))
    else:
        click.echo(
            f"{result['crops']} crops, heatmap values up to "
            f"{result['peak']:.3g}\n"
            f"largest heatmap difference   {result['heatmap']:.3g}\n"
            f"largest keypoint difference  {result['keypoint']:.3g} pixels of "
            f"the crop\n{'same' if same else 'DIFFERENT'} at tolerance "
            f'{tolerance:g}')
    if not same:
        sys.exit(1)
