# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Optional

from vitpose_mm.checkpoints.checkpoint_file import CheckpointFile
from vitpose_mm.checkpoints.names import BACKBONE, StateDict
from vitpose_mm.checkpoints.positions import Grid
from vitpose_mm.checkpoints.read import CheckpointError


def find_vit(state_dict: StateDict, prefix: str,
             file: Optional[CheckpointFile],
             stored_grid: Optional[Grid]) -> Optional[CheckpointFile]:
    """Find the tensors that a ViT is to load.

    Args:
        state_dict: Name to tensor, of the ViT and what is below it.
        prefix: The ViT's name in the model with a dot, '' for the ViT alone.
        file: Where the state dict is from, None if not from a file.
        stored_grid: (rows, cols) that a ViT wrote beside its tensors.

    Returns:
        The tensors, below ``backbone.`` or bare, beside the heads of their
        file, which help to recognise its layout. None if there are none and
        no file that should have some: for PyTorch to judge.

    Raises:
        CheckpointError: If a file holds none, or has them elsewhere.
    """
    held = {key[len(prefix):]: tensor for key, tensor in state_dict.items()
            if key.startswith(prefix)}
    if file is None:
        return CheckpointFile(
            'state dict', held, stored_grid=stored_grid) if held else None
    if not prefix:
        return file
    if not held:
        check_stands_alone(file, prefix)
        return file
    others = file.tensors if prefix == BACKBONE else {}
    tensors = {key: tensor for key, tensor in others.items()
               if not key.startswith(BACKBONE)}
    tensors.update({BACKBONE + key: held[key] for key in held})
    return CheckpointFile(file.source, tensors, file.meta, stored_grid)


def check_stands_alone(file: CheckpointFile, prefix: str) -> None:
    """Refuse a whole model's file for a ViT of another name.

    Raises:
        CheckpointError: If so; a backbone that stands alone has no name.
    """
    if file.layout and any(key.startswith(BACKBONE) for key in file.tensors):
        raise CheckpointError(
            f"{file.source} holds its ViT as '{BACKBONE}', but the model's "
            f"is '{prefix}', which would stay random: load it with init_cfg="
            f"dict(type='Pretrained', checkpoint='{file.source}') of that "
            'ViT')
