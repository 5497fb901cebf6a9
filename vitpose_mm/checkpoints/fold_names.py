# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Tuple

import torch
from torch import Tensor

from vitpose_mm.names import NameFilters
from .names import BACKBONE, StateDict
from .read import CheckpointError

FILTERS = 'head.filters.'


def fold_names(state_dict: StateDict, dataset: str,
               source: str) -> StateDict:
    """Give a dataset of a shared NamedHeatmapHead a stock head of its own.

    Args:
        state_dict: Joint, in our layout; one without such a head stays as it
            is.
        dataset: Whose head to make.
        source: The file, for messages.

    Returns:
        With ``heads.<dataset>`` as a HeatmapHead has it, without ``head``.

    Raises:
        CheckpointError: If a tensor is missing or they do not fit together.
    """
    own = f'heads.{dataset}.final_layer.'
    if f'{FILTERS}layers.0.weight' not in state_dict or \
            f'{own}vectors' not in state_dict:
        return state_dict
    try:
        weight, bias = make_filters(state_dict, own)
    except KeyError as error:
        raise CheckpointError(
            f'{source} is incomplete: it lacks {error.args[0]}') from error
    except (RuntimeError, IndexError) as error:
        raise CheckpointError(
            f'the filters of names in {source} do not fit together: '
            f'{error}') from error
    start = len('head.')
    folded = {}
    for key, tensor in state_dict.items():
        if key.startswith(own):
            continue
        if not key.startswith('head.'):
            folded[key] = tensor
        elif not key.startswith(FILTERS):
            folded[f'heads.{dataset}.{key[start:]}'] = tensor
    return {**folded, f'{own}weight': weight, f'{own}bias': bias}


@torch.no_grad()
def make_filters(state_dict: StateDict, own: str) -> Tuple[Tensor, Tensor]:
    """Weights (K, C, k, k) and biases (K, ) of the names below ``own``."""
    vectors, sides, places = (
        state_dict[own + part] for part in ('vectors', 'sides', 'places'))
    channels = channels_before(state_dict)
    outputs = len(state_dict[f'{FILTERS}layers.2.bias'])
    # Numbers drawn for weights would shift those of a training that folds.
    with torch.device('meta'):
        filters = NameFilters(
            vectors.shape[1], channels,
            kernel_size=round(((outputs - 1) / channels)**0.5),
            hidden_channels=len(state_dict[f'{FILTERS}layers.0.bias']),
            side_channels=state_dict[f'{FILTERS}sides.weight'].shape[1])
    filters.load_state_dict({
        key: state_dict[f'{FILTERS}{key}'].float()
        for key in filters.state_dict()}, assign=True)
    weight, bias = filters(vectors.float(), sides, places)
    return weight.contiguous(), bias.contiguous()


def channels_before(state_dict: StateDict) -> int:
    """Channels of the maps that are filtered: those of the norm of the last
    layer before, or of the backbone."""
    for kind in ('conv_layers', 'deconv_layers'):
        norms = {int(key.split('.')[2]): len(tensor)
                 for key, tensor in state_dict.items()
                 if key.startswith(f'head.{kind}.')
                 and key.endswith('.running_mean')}
        if norms:
            return norms[max(norms)]
    return len(state_dict[f'{BACKBONE}last_norm.weight'])
