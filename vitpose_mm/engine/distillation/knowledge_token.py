# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from pathlib import Path
from typing import Dict

import torch
from torch import Tensor, nn

from vitpose_mm.checkpoints.read import read_checkpoint
from vitpose_mm.checkpoints.unwrap import unwrap
from vitpose_mm.checkpoints.write import write_weights
from vitpose_mm.fileio import write_beside
from ..unwrap_model import unwrap_model

NAME = 'knowledge_token'


def write_token(path: Path, token: Tensor, provenance: Dict[str, str]) -> None:
    """Save knowledge tokens.

    Args:
        path: A .safetensors or .pth file.
        token: Shape (1, n, D).
        provenance: Where they come from, for the file's metadata.

    Raises:
        OSError: If the disk refuses.
    """
    tensors = {NAME: token.detach().cpu()}
    write_beside(path,
                 lambda part: write_weights(part, tensors, provenance, {}))


def read_token(path: str) -> Tensor:
    """Read what write_token wrote.

    Returns:
        Shape (1, n, D).

    Raises:
        CheckpointError: If the file cannot be read.
        ValueError: If it holds something else.
    """
    tensors = unwrap(read_checkpoint(path, map_location='cpu'))
    if list(tensors) != [NAME]:
        raise ValueError(f'{path} is no file of TokenLearnHook, which holds '
                         f'{NAME} and nothing else')
    return tensors[NAME]


def find_token(model: nn.Module) -> nn.Parameter:
    """The knowledge tokens of a model's backbone, shape (1, n, D).

    Args:
        model: An estimator, wrapped or not.

    Raises:
        ValueError: If it has none.
    """
    model = unwrap_model(model)
    token = getattr(model.backbone, NAME, None)
    if token is None:
        raise ValueError(
            f'{type(model.backbone).__name__} has no knowledge token: use a '
            'ViT with model.backbone.num_knowledge_tokens=1')
    return token


def project(token: Tensor, width: int) -> Tensor:
    """Bring tokens to another width by a random linear map, the same in
    every process, that keeps each token's root mean square.

    Args:
        token: Shape (1, n, D).
        width: Wanted channels.

    Returns:
        Shape (1, n, width); the input itself if it has that width.
    """
    if token.shape[2] == width:
        return token
    generator = torch.Generator().manual_seed(0)
    matrix = torch.randn(token.shape[2], width, generator=generator)
    projected = token @ matrix
    size, wanted = (
        t.square().mean(2, keepdim=True).sqrt() for t in (projected, token))
    return projected * (wanted / size)
