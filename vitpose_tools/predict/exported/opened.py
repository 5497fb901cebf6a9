# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from pathlib import Path
from typing import Optional, Union

from ..opened_model import OpenedModel
from .card import ExportError
from .network import open_export


def open_exported_model(path: Path, checkpoint: Union[str, Path, None],
                        dataset: Optional[str], device: Optional[str],
                        dtype: Optional[str],
                        flip: Optional[bool]) -> OpenedModel:
    """Open an exported file for Predictor, whose arguments these are. What
    was decided by the export cannot be changed any more.

    Raises:
        ExportError: If it is asked for, or the file is no export of ours.
    """
    if checkpoint is not None:
        raise ExportError(f'{path} holds its weights; leave the checkpoint '
                          'out')
    if device not in (None, 'cpu'):
        raise ExportError(f'{path} runs on the CPU, not on {device}')
    network = open_export(path)
    card = network.card
    for name, asked, known in (('dataset', dataset, card.skeleton.dataset),
                               ('dtype', dtype, card.dtype),
                               ('flip', flip, card.flip)):
        if asked not in (None, known):
            raise ExportError(f'{path} was exported with {name}={known}, not '
                              f'{asked}; export the model again')
    words = card.dtype
    if network.precision != card.dtype:
        words += f' computed in {network.precision}'
    return OpenedModel(
        f'{path.name}, {words}, {"with" if card.flip else "without"} flip '
        f'test, {network.session.runtime} on cpu', card.skeleton, network)
