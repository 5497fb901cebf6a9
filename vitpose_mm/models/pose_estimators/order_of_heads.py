# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import re
from typing import Any, Dict

from mmengine.logging import print_log
from torch import Tensor, nn

from vitpose_mm.checkpoints.names import named_heads

NUMBERED = re.compile(r'(.*\bexperts\.)(\d+)(\..*)')


def keep_experts_with_heads(model: nn.Module, state_dict: Dict[str, Tensor],
                            prefix: str, *args: Any) -> None:
    """Number the experts of a checkpoint as the model does.

    Experts go by the place of their dataset's head in the config, and
    MMEngine sorts the heads when it dumps a config into a work directory: by
    number alone, datasets would get each other's experts. Runs before
    load_state_dict. A file whose tensors are not in the order of a model, as
    of .safetensors, does not tell the order of its heads, and is taken to
    have that of the config.

    Args:
        model: A MultiDatasetTopdownPoseEstimator.
        state_dict: Changed in place.
        prefix: Of the model's names in it.
    """
    told, own = named_heads(state_dict, prefix), list(model.heads)
    backbone = f'{prefix}backbone.'
    ordered = [name for name in state_dict if name.startswith(backbone)] == [
        backbone + name for name in model.backbone.state_dict()]
    if told == own or set(told) != set(own) or not ordered or (
            model.num_experts == 1):
        return
    found = {}
    for name in [*state_dict]:
        match = NUMBERED.fullmatch(name)
        if name.startswith(backbone) and match:
            place = own.index(told[int(match[2])])
            found[f'{match[1]}{place}{match[3]}'] = state_dict.pop(name)
    state_dict.update(found)
    print_log(f'The config lists the datasets {own}, the checkpoint {told}; '
              'experts go by their datasets.', 'current')
