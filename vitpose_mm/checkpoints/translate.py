# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from collections import OrderedDict
from dataclasses import asdict
from pathlib import Path
from typing import Tuple, Union

from .layouts import (StateDict, datasets_of, detect, looks_like, meta_of,
                      unwrap)
from .layouts.common import (PARALLEL_CONV, foreign_feature, sort_heads,
                             wrong_width)
from .report import Report

# Where the loader leaves its report for the ViT: PyTorch hands each module
# its own entry of a state dict's ``_metadata``. Names that the ViT may have.
REPORT_KEY = 'vitpose_mm_report'
VIT_NAMES = ('', 'backbone')


def translate(checkpoint: dict, source: Union[str, Path]) -> dict:
    """Give a foreign ViTPose or ViT checkpoint our names.

    All models of a process load through here, so a file of no known layout,
    and one that MMPose's own models know, keeps its names.

    Args:
        checkpoint: What a file holds.
        source: The file, for messages.

    Returns:
        The checkpoint with its 'state_dict' in our layout; the same tensors
        as before if it was not translated. A report rides along.
    """
    if not isinstance(checkpoint, dict):
        return checkpoint
    state_dict, report = to_ours(checkpoint, source)
    is_own = (report.layout == 'vitpose_mm' and 'state_dict' in checkpoint
              and 'pos_embed' not in checkpoint['state_dict'])
    if report.refusal or report.layout == 'mmpose' or is_own:
        untouched = Report(report.source, report.layout, report.refusal,
                           report.datasets)
        return attach(checkpoint, untouched)
    return attach(
        dict(meta=meta_of(checkpoint), state_dict=state_dict), report)


def to_ours(checkpoint: dict,
            source: Union[str, Path]) -> Tuple[StateDict, Report]:
    """Bring a checkpoint of any known layout to ours.

    Args:
        checkpoint: What a file holds.
        source: The file, for messages.

    Returns:
        Its tensors in our layout, and what became of them. The report's
        refusal is set if the layout is unknown, a tensor is missing or the
        ViT computes something that ours does not.
    """
    state_dict = unwrap(checkpoint)
    report = Report(str(source))
    report.layout, module = detect(state_dict)
    if module is None:
        report.refusal = (
            f'{source} holds no ViTPose or ViT weights in a layout that is '
            f'known here; it looks like {looks_like(state_dict)}')
        return state_dict, report
    try:
        ours = module.to_ours(state_dict, report)
    except KeyError as error:
        report.refusal = (f'{source} is incomplete: it has the layout '
                          f"'{report.layout}' but no tensor {error}")
        return state_dict, report
    if report.refusal is None and report.layout != 'vitpose_mm':
        # Users' own models may well have further parts.
        feature = foreign_feature(
            key for key in ours
            if not PARALLEL_CONV.search(key)) or wrong_width(ours)
        if feature:
            report.refuse_feature(feature)
    order = meta_of(checkpoint).get('datasets')
    if order:
        # .safetensors files sort their names.
        ours = sort_heads(ours, order.split(','))
    report.datasets = datasets_of(ours)
    return ours, report


def attach(checkpoint: dict, report: Report) -> dict:
    """Put a report where the ViT will find it.

    Args:
        checkpoint: With a 'state_dict', or itself a state dict.
        report: Of this checkpoint.

    Returns:
        The checkpoint; its state dict is now an OrderedDict with metadata.
    """
    is_nested = isinstance(checkpoint.get('state_dict'), dict)
    inner = checkpoint['state_dict'] if is_nested else checkpoint
    state_dict = OrderedDict(inner)
    metadata = OrderedDict(getattr(inner, '_metadata', {}))
    for name in VIT_NAMES:
        # A plain dict, so that what was loaded can be saved and read again.
        metadata[name] = {**metadata.get(name, {}), REPORT_KEY: asdict(report)}
    state_dict._metadata = metadata
    return {**checkpoint, 'state_dict': state_dict} if is_nested \
        else state_dict
