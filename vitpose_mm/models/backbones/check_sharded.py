# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Optional

from torch import nn
from torch.distributed.fsdp import FullyShardedDataParallel

from vitpose_mm.checkpoints.checkpoint_file import CheckpointFile
from vitpose_mm.checkpoints.names import StateDict
from vitpose_mm.checkpoints.read import CheckpointError
from vitpose_mm.checkpoints.unwrap import plain_name


def is_sharded(vit: nn.Module) -> bool:
    """Whether FSDP has the parameters of a ViT's blocks, in parts that have
    not their shapes."""
    return any(isinstance(module, FullyShardedDataParallel)
               for module in vit.modules())


def check_sharded(vit: nn.Module, state_dict: StateDict, prefix: str,
                  file: Optional[CheckpointFile]) -> None:
    """Refuse to load into a sharded ViT what has another layout than its own:
    nothing can be fitted to parts.

    Args:
        vit: What is to be loaded.
        state_dict: Name to tensor.
        prefix: The ViT's name in it with a dot.
        file: Where it is from, if from a file.

    Raises:
        CheckpointError: If so.
    """
    lacking = [name for name, _ in vit.named_parameters()
               if prefix + plain_name(name) not in state_dict]
    if lacking or file and file.layout != 'vitpose_mm':
        source = file.source if file else 'the state dict'
        raise CheckpointError(
            f'{source} was not written by a ViT of this package, and with '
            'FSDP nothing can be fitted; start from it before the model is '
            "sharded, by model.backbone.init_cfg=dict(type='Pretrained', "
            'checkpoint=...)')
