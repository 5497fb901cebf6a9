# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import contextlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Optional, Union

import click

if TYPE_CHECKING:
    from vitpose_tools.export import Result


@click.command()
@click.argument('config', required=False, type=click.Path(path_type=Path))
@click.argument('checkpoint', required=False)
@click.option('--model', metavar='NAME',
              help='Of `vitpose-mm models`, instead of CONFIG CHECKPOINT.')
@click.option('--to', required=True,
              type=click.Choice(['onnx', 'openvino', 'torch-export']),
              help='Kind of file.')
@click.option('--out', required=True, type=click.Path(path_type=Path),
              help='The file: .onnx, .xml (a .bin appears beside it) or '
              '.pt2.')
@click.option('--dataset', metavar='NAME',
              help='Whose keypoints a ViTPose+ shall find; its experts are '
              'folded.')
@click.option('--decode', is_flag=True,
              help='Give keypoints in image pixels instead of heatmaps; '
              'takes where the crops were cut out.')
@click.option('--flip', is_flag=True,
              help='Take the mean with the mirrored crops, as the papers '
              'test: slower and a little more exact.')
@click.option('--dtype', default='float32', show_default=True,
              type=click.Choice(['float32', 'float16', 'bfloat16', 'int8']),
              help='Of the network.')
@click.option('--calibration', type=click.Path(path_type=Path),
              help='Folder of pictures, each of one person, or annotation '
              'file of COCO: crops to compare with and to find the scales of '
              "int8. [default: the config's validation images]")
@click.option('--json', 'as_json', is_flag=True, help='Print JSON.')
def command(config: Optional[Path], checkpoint: Optional[str],
            model: Optional[str], to: str, out: Path,
            dataset: Optional[str], decode: bool, flip: bool, dtype: str,
            calibration: Optional[Path], as_json: bool) -> None:
    """Write a model to a file that other programs run, and compare.

    The file takes crops as OpenCV reads them, uint8, BGR, (B, h, w, 3), any
    B; normalisation is in it. It also holds what is needed to use it: names,
    skeleton, size of the crops and padding of the boxes, mean, codec,
    config. What it computes is compared with PyTorch in float32 at three
    sizes of batch; if it is something else, the file is not written and the
    exit code is 1.

    \b
    Examples:
      vitpose-mm export CONFIG CHECKPOINT --to onnx --out model.onnx
      vitpose-mm export CONFIG CHECKPOINT --to onnx --decode --out model.onnx
      vitpose-mm export CONFIG CHECKPOINT --to openvino --dtype int8 \\
          --calibration images --out model.xml
    """
    from vitpose_mm.checkpoints import CheckpointError
    from vitpose_tools.predict.errors import PredictError
    if bool(model) == bool(config):
        raise click.UsageError('give either CONFIG CHECKPOINT or --model '
                               'NAME')
    try:
        # Packages print while they load; stdout is for the result.
        with contextlib.redirect_stdout(sys.stderr):
            result = export(model or config, checkpoint, dataset, to, out,
                            decode, flip, dtype, calibration)
    except (PredictError, CheckpointError) as error:
        rows = getattr(error, 'result', None)
        if rows is not None:
            show(rows, out, as_json)
        raise click.ClickException(str(error)) from error
    show(result, out, as_json)


def export(model: Union[str, Path], checkpoint: Optional[str],
           dataset: Optional[str], to: str, out: Path, decode: bool,
           flip: bool, dtype: str, calibration: Optional[Path]) -> 'Result':
    """Write the file; the result of the comparison."""
    from mmengine.logging import MMLogger

    import vitpose_mm  # noqa: F401
    from vitpose_tools.export.exporter import Exporter
    from vitpose_tools.export.wish import Wish, check_wish
    from vitpose_tools.predict.opened_model import find_config
    wish = Wish(to, decode, flip, dtype)
    check_wish(wish, out)
    MMLogger.get_current_instance().setLevel('WARNING')
    exporter = Exporter(*find_config(model, checkpoint, dataset))
    click.echo(f'Exporting to {to}, {dtype}, '
               f'{"with" if flip else "without"} flip test ...', err=True)
    return exporter.write(wish, out, calibration)


def show(result: 'Result', out: Path, as_json: bool) -> None:
    """Print the comparison."""
    if as_json:
        click.echo(json.dumps(dict(
            out=str(out), passed=result.passed, bytes=result.size,
            crops=result.crops, calibration_crops=result.calibration,
            precision=result.precision,
            tolerance={name: limit if limit < float('inf') else None
                       for name, limit in result.tolerance._asdict().items()},
            batches=[row.to_json() for row in result.rows]), indent=2))
        return
    click.echo(f'Against PyTorch in float32, on {result.crops}; it computes '
               f'in {result.precision} here.')
    if result.calibration:
        click.echo(f'Scales of int8 are from {result.calibration} others of '
                   'these.')
    click.echo('batch  pixels: median    99 %     max  worst keypoint  '
               'scores  ms per crop  PyTorch')
    for row in result.rows:
        click.echo(
            f'{row.batch:5}  {row.median:14.4f}  {row.p99:6.3f}  '
            f'{row.largest:6.2f}  {row.keypoint:14.4f}  {row.scores:6.2%}  '
            f'{row.ms:11.1f}  {row.pytorch_ms:7.1f}')
    if result.passed:
        click.echo(f'Wrote {out} ({result.size / 1e6:.1f} MB with its '
                   'weights).')
