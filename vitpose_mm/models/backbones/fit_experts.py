# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Checkpoints with experts into models without, and the other way round."""
from typing import List

from vitpose_mm.checkpoints.layouts import official
from vitpose_mm.checkpoints.names import (EXPERT, StateDict, is_joint,
                                          num_experts)
from vitpose_mm.checkpoints.read import CheckpointError
from vitpose_mm.checkpoints.report import Report


def fit_experts(weights: StateDict, own: StateDict, report: Report) -> None:
    """Make a file's tensors have the experts that the model has, in place.

    Args:
        weights: The file's tensors by name, in our layout.
        own: The ViT's.
        report: Gets lines.

    Raises:
        CheckpointError: If the file has experts that the model lacks and needs
            them, or another number of experts than the model.
    """
    num_own = num_experts(own)
    held = list(filter(EXPERT.match, weights))
    joint = is_joint(weights, '')
    if held and not joint:
        for key in held:
            del weights[key]
        official.note_ignored(report, held, '')
    elif held and not num_own:
        refuse_joint(held, report)
    elif held:
        check_number(num_experts(held), num_own, report)
    if num_own and not joint:
        start_experts(weights, own, num_own, report)


def refuse_joint(experts: List[str], report: Report) -> None:
    """Raise CheckpointError: a plain ViT holds one dataset's expert."""
    names = ', '.join(report.datasets) or (
        f'{num_experts(experts)} datasets')
    raise CheckpointError(
        f'{report.source} is a joint ViTPose+ file: it holds experts for '
        f'{names}, and a plain ViT has room for one. Take one out:\n'
        f'vitpose-mm checkpoint convert {report.source} OUT.pth '
        f"--to vitpose_mm --dataset {(report.datasets or ['coco'])[0]}")


def check_number(held: int, wanted: int, report: Report) -> None:
    """Raise CheckpointError unless a file has as many experts as the model."""
    if held != wanted:
        raise CheckpointError(
            f'{report.source} holds {held} experts, but the model has '
            f"num_experts={wanted}: set the backbone's num_experts and the "
            "model's heads to the file's datasets, or start from a plain "
            'ViT, from which every expert can start')


def start_experts(weights: StateDict, own: StateDict, count: int,
                  report: Report) -> None:
    """Give every expert the weights of a plain ViT, in place, so that the
    model starts as that ViT whatever the dataset.

    Of a part of fc2, each expert gets the rows that it stands for, as the
    official code does. With a shared network beside whole ones, either gives
    half of the output.
    """
    is_partial = 'blocks.0.mlp.experts.0.weight' in own
    is_shared = not is_partial and 'blocks.0.mlp.fc2.weight' in own
    networks = [key for key in weights if '.mlp.fc' in key]
    for key in networks:
        mlp, layer, kind = key.rsplit('.', 2)
        tensor = weights[key]
        part = f'{layer}.{kind}'
        if is_partial and layer == 'fc1':
            continue
        if is_partial:
            part = kind
            rows = len(own[f'{mlp}.experts.0.{kind}'])
            weights[key], tensor = tensor[:-rows], tensor[-rows:]
        elif is_shared and layer == 'fc2':
            weights[key] = tensor = tensor / 2
        elif not is_shared:
            del weights[key]
        for index in range(count):
            weights[f'{mlp}.experts.{index}.{part}'] = tensor
    report.copied.append(
        f"{'the last rows of fc2' if is_partial else 'fc1 and fc2'} of each "
        f'block to its {count} experts')
