# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Dict, Tuple

from torch import nn

from ..unwrap_model import unwrap_model

COUNTER = 'num_batches_tracked'


def tensor_shapes(checkpoint: dict) -> Dict[str, Tuple[int, ...]]:
    """Shapes of a checkpoint's tensors by name."""
    return {name: tensor.shape
            for name, tensor in checkpoint.get('state_dict',
                                               checkpoint).items()
            if hasattr(tensor, 'shape')}


def check_loaded_head(model: nn.Module, shapes: Dict[str, Tuple[int, ...]],
                      file: str) -> None:
    """Refuse to use a head or neck that a checkpoint has not filled.

    A training may start from a file of other keypoints, so MMEngine only
    warns; a test would score random numbers.

    Args:
        model: What is used, wrapped or not.
        shapes: Of the checkpoint's tensors, in MMPose's names.
        file: The checkpoint.

    Raises:
        ValueError: If so.
    """
    model = unwrap_model(model)
    chosen = getattr(getattr(model, 'routes', None), 'chosen', None)
    prefixes = ('neck.', 'head.', f'heads.{chosen}.' if chosen else 'heads.')
    for name, tensor in model.state_dict().items():
        if not name.startswith(prefixes) or name.endswith(COUNTER):
            continue
        held = shapes.get(name, shapes.get(f'module.{name}'))
        if held != tensor.shape:
            said = 'is not in it' if held is None else \
                f'has the shape {tuple(held)} in it'
            raise ValueError(
                f'{file} does not fit the {name.split(".")[0].rstrip("s")} of '
                f'this config: {name}, of '
                f'shape {tuple(tensor.shape)}, {said} and would stay random. '
                'Test it by the config of its dataset, which "vitpose-mm '
                'checkpoint inspect" names, or train the head first')
