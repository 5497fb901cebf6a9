# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Checkpoints with relative positions into models with and without."""
from vitpose_mm.checkpoints.names import StateDict
from vitpose_mm.checkpoints.read import CheckpointError
from vitpose_mm.checkpoints.report import Report
from ..layers.rel_pos import resize_rel_pos
from .check_fit import REL_POS


def fit_rel_pos(weights: StateDict, own: StateDict, report: Report) -> None:
    """Resample tables of relative positions to the model's windows, in place.

    Args:
        weights: The file's tensors by name, in our layout.
        own: The ViT's.
        report: Gets a line.

    Raises:
        CheckpointError: If the model has no relative positions.
    """
    held = [key for key in weights if REL_POS in key]
    is_used = any(REL_POS in name for name in own)
    if is_used and not held:
        report.missing.append('relative positions: the tables start from '
                              'zeros, which change nothing')
    if held and not is_used:
        raise CheckpointError(
            f'{report.source} holds relative positions ({held[0]}), which '
            "the model does not use: set the backbone's "
            'attention=dict(rel_pos=True), or load another file')
    resized = 0
    for key in held:
        table = own[key]
        if len(table) != len(weights[key]):
            weights[key] = resize_rel_pos(weights[key], len(table))
            resized += 1
    if resized:
        report.resized.append(f'{resized} tables of relative positions to '
                              "the model's windows")
