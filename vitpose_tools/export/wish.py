# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from mmengine.utils import digit_version

from vitpose_tools.predict.exported import ExportError
from vitpose_tools.predict.exported.sessions import SUFFIXES

# The first that can export, and for .pt2 the first whose files are known.
TORCH = {'onnx': '2.6', 'openvino': '2.6', 'torch-export': '2.10'}


@dataclass(frozen=True)
class Wish:
    """What to export to.

    Args:
        to: 'onnx', 'openvino' or 'torch-export'.
        decode: Whether the graph gives keypoints.
        flip: Whether the graph is a flip test.
        dtype: Of TOLERANCES.
    """

    to: str
    decode: bool = False
    flip: bool = False
    dtype: str = 'float32'


def check_wish(wish: Wish, out: Path) -> None:
    """Refuse what no runtime computes.

    Raises:
        ExportError: If so.
    """
    suffix, = (suffix for suffix, kind in SUFFIXES.items() if kind == wish.to)
    if out.suffix != suffix:
        raise ExportError(f'--out {out} must end in {suffix} for --to '
                          f'{wish.to}')
    if wish.to == 'onnx' and wish.dtype == 'bfloat16':
        raise ExportError('ONNX Runtime computes no bfloat16 on a CPU; take '
                          '--to openvino, or --dtype int8')
    if wish.to == 'torch-export' and wish.dtype == 'int8':
        raise ExportError('--dtype int8 is made for --to openvino and --to '
                          'onnx')
    version = metadata.version('torch')
    if digit_version(version) < digit_version(TORCH[wish.to]):
        raise ExportError(f'--to {wish.to} needs torch {TORCH[wish.to]}, '
                          f'here is {version}')
