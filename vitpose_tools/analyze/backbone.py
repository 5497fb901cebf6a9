# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""The ViT of an estimator, and how to run it on crops."""
from pathlib import Path
from typing import List, Optional, Sequence

import torch
from torch import Tensor, nn

from vitpose_mm.models.backbones import ViT, ViTAE, ViTMoE
from vitpose_tools.predict.open_model import ModelError
from .crop import Crop


def find_vit(model: nn.Module, path: Path) -> ViT:
    """The backbone of an estimator.

    Raises:
        ModelError: If it is no ViT of this package, or a ViTAE.
    """
    backbone = model.backbone
    if isinstance(backbone, ViTAE):
        raise ModelError(f'{path} has a ViTAE, whose convolutions mix the '
                         'patches beside the attention, so that attention '
                         'alone would mislead; this command takes a ViT or '
                         'ViTMoE')
    if not isinstance(backbone, ViT):
        raise ModelError(f'{path} has the backbone '
                         f'{type(backbone).__name__}; this command takes a '
                         'ViT or ViTMoE of vitpose_mm')
    return backbone


def find_experts(model: nn.Module, path: Path) -> List[str]:
    """dataset_name of each expert of an estimator, in their order.

    Raises:
        ModelError: If there are not several.
    """
    backbone = model.backbone
    if not isinstance(backbone, ViTMoE) or backbone.num_experts < 2:
        kind = type(backbone).__name__
        count = 'one expert' if isinstance(backbone, ViTMoE) else 'no experts'
        raise ModelError(f'{path} has {count}: its backbone is a {kind}; take '
                         'the config of a ViTPose+ model, a ViTMoE')
    return list(model.routes.names)


def route(model: nn.Module, dataset_name: Optional[str]) -> int:
    """Expert that serves a dataset: what test_cfg.dataset chooses before all.

    Raises:
        ModelError: If none does.
    """
    routes = getattr(model, 'routes', None)
    if routes is None:
        return 0
    try:
        return routes.index(routes.chosen or dataset_name)
    except ValueError as error:
        raise ModelError(str(error)) from error


@torch.no_grad()
def run_backbone(model: nn.Module, crops: Sequence[Crop],
                 expert: int) -> None:
    """Run the backbone on crops, which all go the way of one expert, for
    hooks to look at."""
    batch = model.data_preprocessor(
        dict(inputs=[crop.inputs for crop in crops],
             data_samples=[crop.sample for crop in crops]), False)
    inputs: Tensor = batch['inputs']
    if getattr(model.backbone, 'num_experts', 1) > 1:
        model.backbone(inputs, expert)
    else:
        model.backbone(inputs)
