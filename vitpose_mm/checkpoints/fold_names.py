# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import torch
from torch.nn import functional as F

from .names import BACKBONE, StateDict

FILTERS = 'head.filters.'


def fold_names(state_dict: StateDict, dataset: str) -> StateDict:
    """Give a dataset of a shared NamedHeatmapHead a stock head of its own.

    Args:
        state_dict: Joint, in our layout; one without such a head stays as it
            is.
        dataset: Whose head to make.

    Returns:
        With ``heads.<dataset>`` as a HeatmapHead has it, without ``head``.
    """
    own = f'heads.{dataset}.final_layer.'
    if f'{FILTERS}layers.0.weight' not in state_dict or \
            f'{own}vectors' not in state_dict:
        return state_dict
    vectors = state_dict[f'{own}vectors'].float()
    x = torch.cat((
        vectors * vectors.shape[1]**0.5,
        state_dict[f'{FILTERS}sides.weight'][state_dict[f'{own}sides']],
        state_dict[f'{FILTERS}places.weight'][state_dict[f'{own}places']]), 1)
    for index in (0, 2):
        layer = f'{FILTERS}layers.{index}.'
        x = F.linear(F.gelu(x) if index else x, state_dict[f'{layer}weight'],
                     state_dict[f'{layer}bias'])
    x = x / len(state_dict[f'{FILTERS}layers.0.bias'])
    C = channels_before(state_dict)
    k = round(((x.shape[1] - 1) / C)**0.5)
    made = {f'{own}weight': x[:, :-1].reshape(-1, C, k, k).contiguous(),
            f'{own}bias': x[:, -1].contiguous()}
    start = len('head.')
    folded = {}
    for key, tensor in state_dict.items():
        if key.startswith(own):
            continue
        if not key.startswith('head.'):
            folded[key] = tensor
        elif not key.startswith(FILTERS):
            folded[f'heads.{dataset}.{key[start:]}'] = tensor
    return {**folded, **made}


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
