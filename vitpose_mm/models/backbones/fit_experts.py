# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Checkpoints with experts into models without, and the other way round."""
from typing import Dict, List

from torch import Tensor

from vitpose_mm.checkpoints.layouts import common, official
from vitpose_mm.checkpoints.report import Report


def fit_experts(state_dict: Dict[str, Tensor], prefix: str,
                own: Dict[str, Tensor], report: Report) -> None:
    """Make a state dict have the experts that the model has, in place.

    Args:
        state_dict: Parameter name to tensor; the ViT's in official naming.
        prefix: The ViT's name in the model with a dot, '' for the ViT alone.
        own: The ViT's parameters by name, without prefix.
        report: Gets lines.

    Raises:
        ValueError: If the file has experts that the model lacks and needs
            them, or another number of experts than the model.
    """
    num_own = common.num_experts(own)
    held = [key for key in state_dict if key.startswith(prefix)
            and common.EXPERT.match(key[len(prefix):])]
    if held and not common.is_joint(state_dict, prefix):
        for key in held:
            del state_dict[key]
        official.note_ignored(report, held, prefix)
    elif held and not num_own:
        refuse_joint(held, report)
    elif held:
        check_number(common.num_experts(held), num_own, report)
    if num_own and not common.is_joint(state_dict, prefix):
        start_experts(state_dict, prefix, own, num_own, report)


def refuse_joint(experts: List[str], report: Report) -> None:
    """Raise ValueError: a plain ViT cannot hold several datasets' experts."""
    names = ', '.join(report.datasets) or (
        f'{common.num_experts(experts)} datasets')
    raise ValueError(
        f'{report.source} is a joint ViTPose+ file: it holds experts for '
        f'{names}, and a plain ViT has room for one. Take one out:\n'
        f'vitpose-mm checkpoint convert {report.source} OUT.pth '
        f"--to vitpose_mm --dataset {(report.datasets or ['coco'])[0]}")


def check_number(held: int, wanted: int, report: Report) -> None:
    """Raise ValueError unless a file has as many experts as the model."""
    if held != wanted:
        raise ValueError(
            f'{report.source} holds {held} experts, but the model has '
            f"num_experts={wanted}: set the backbone's num_experts and the "
            "model's heads to the file's datasets, or start from a plain "
            'ViT, from which every expert can start')


def start_experts(state_dict: Dict[str, Tensor], prefix: str,
                  own: Dict[str, Tensor], num_experts: int,
                  report: Report) -> None:
    """Give every expert the weights of a plain ViT, in place, so that the
    model starts as that ViT whatever the dataset.

    Of a part of fc2, each expert gets the rows that it stands for, as the
    official code does. With a shared network beside whole ones, either gives
    half of the output.
    """
    is_partial = 'blocks.0.mlp.experts.0.weight' in own
    is_shared = not is_partial and 'blocks.0.mlp.fc2.weight' in own
    networks = [key for key in state_dict
                if key.startswith(prefix) and '.mlp.fc' in key]
    for key in networks:
        mlp, layer, kind = key.rsplit('.', 2)
        tensor = state_dict[key]
        part = f'{layer}.{kind}'
        if is_partial and layer == 'fc1':
            continue
        if is_partial:
            part = kind
            rows = len(own[f'{mlp[len(prefix):]}.experts.0.{kind}'])
            state_dict[key], tensor = tensor[:-rows], tensor[-rows:]
        elif is_shared and layer == 'fc2':
            state_dict[key] = tensor = tensor / 2
        elif not is_shared:
            del state_dict[key]
        for index in range(num_experts):
            state_dict[f'{mlp}.experts.{index}.{part}'] = tensor
    report.copied.append(
        f"{'the last rows of fc2' if is_partial else 'fc1 and fc2'} of each "
        f'block to its {num_experts} experts')
