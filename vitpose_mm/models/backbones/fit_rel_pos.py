# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Checkpoints with relative positions into models with and without."""
from typing import Dict

from torch import Tensor

from vitpose_mm.checkpoints.report import Report
from ..layers.rel_pos import resize_rel_pos

TABLE = '.attn.rel_pos.'


def fit_rel_pos(state_dict: Dict[str, Tensor], prefix: str,
                own: Dict[str, Tensor], report: Report) -> None:
    """Resample tables of relative positions to the model's windows, in place.

    Args:
        state_dict: Parameter name to tensor; the ViT's in official naming.
        prefix: The ViT's name in the model with a dot, '' for the ViT alone.
        own: The ViT's parameters by name, without prefix.
        report: Gets a line.

    Raises:
        ValueError: If the model has no relative positions.
    """
    held = [key for key in state_dict
            if key.startswith(prefix) and TABLE in key]
    is_used = any(TABLE in name for name in own)
    if is_used and not held:
        report.missing.append('relative positions: the tables start from '
                              'zeros, which change nothing')
    if held and not is_used:
        raise ValueError(
            f'{report.source} holds relative positions ({held[0]}), which '
            "the model does not use: set the backbone's "
            'attention=dict(rel_pos=True), or load another file')
    resized = 0
    for key in held:
        # A file of another depth is refused later.
        table = own.get(key[len(prefix):], state_dict[key])
        if len(table) != len(state_dict[key]):
            state_dict[key] = resize_rel_pos(state_dict[key], len(table))
            resized += 1
    if resized:
        report.resized.append(f'{resized} tables of relative positions to '
                              "the model's windows")
