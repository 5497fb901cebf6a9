# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Whether a file has all tensors that its others let expect."""
import re
from pathlib import Path
from typing import Iterable, List, Union

from .names import StateDict
from .report import count_names

LINEAR = ('weight', 'bias')
NORM = (*LINEAR, 'running_mean', 'running_var')
DECONV = re.compile(r'((?:head|heads\.[^.]+)\.deconv_layers\.)(\d+)\.weight$')
# What makes the filters of a NamedHeatmapHead, and what of.
FILTERS = tuple(f'head.filters.{name}' for name in (
    'sides.weight', 'places.weight', 'layers.0.weight', 'layers.0.bias',
    'layers.2.weight', 'layers.2.bias'))
NAMED = ('vectors', 'sides', 'places')
HEAD = re.compile(r'((?:head|heads\.[^.]+)\.)(?:deconv_layers|final_layer)\.')
PART = re.compile(r'-0*(\d+)-of-0*(\d+)\.')


def missing_in_heads(state_dict: StateDict) -> List[str]:
    """Names that heatmap heads lack, in our layout: each deconvolution has a
    norm with statistics after it, and all end in a final layer, of weights
    or of names."""
    is_named = any(name in state_dict for name in FILTERS)
    names = dict.fromkeys(FILTERS if is_named else ())
    for key, tensor in state_dict.items():
        head, deconv = HEAD.match(key), DECONV.match(key)
        # A shared head has no final layer of its own.
        if head and not (is_named and 'deconv_layers' in key):
            names.update({f'{head[1]}final_layer.{kind}': None
                          for kind in (NAMED if is_named else LINEAR)})
        if deconv and tensor.ndim == 4:
            names.update({f'{deconv[1]}{int(deconv[2]) + 1}.{kind}': None
                          for kind in NORM})
    return [name for name in names if name not in state_dict]


def incomplete(source: str, missing: Iterable[str]) -> str:
    """Message for a file that lacks tensors.

    Args:
        source: The file.
        missing: Their names.
    """
    missing = list(missing)
    names = ', '.join(missing) if len(missing) < 4 else (
        f'{missing[0]} and {len(missing) - 1} more '
        f'({count_names(missing, 2)})')
    return (f'{source} is incomplete: it lacks {names}, which would stay '
            f'random; {cure_for_missing(source)}')


def cure_for_missing(source: Union[str, Path]) -> str:
    """What to do about a file that lacks tensors."""
    part = PART.search(Path(source).name)
    return f'it is part {part[1]} of {part[2]}: name its folder' if part else \
        'download or copy it again, or save all of the model'
