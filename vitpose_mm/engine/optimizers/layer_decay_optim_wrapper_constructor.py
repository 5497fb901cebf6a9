# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Dict, List, Optional, Tuple

from mmengine.logging import MMLogger
from mmengine.optim import DefaultOptimWrapperConstructor, OptimWrapper
from mmpose.registry import OPTIM_WRAPPER_CONSTRUCTORS
from torch import nn

from ..sharding import unsharded

BACKBONE = 'backbone_lr_mult'
NOT_DECAYED = ('pos_embed', '.rel_pos.', 'knowledge_token')


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class ViTLayerDecayOptimWrapperConstructor(DefaultOptimWrapperConstructor):
    """Layer-wise learning-rate decay (ViTPose, section 4.1; BEiT, MAE).

    A parameter of layer ``id`` learns at rate ** (depth + 1 - id) of the
    optimiser's rate: the final norm and everything outside the backbone at 1,
    the last block at rate, the embeddings at rate ** (depth + 1). One-
    dimensional parameters, biases, position embeddings, tables of relative
    positions and knowledge tokens have no weight decay.

    The backbone tells the id of its own parameters (``get_layer_depth``, which
    MMPretrain's backbones have too), wherever it is in the model. MMPose's
    constructor instead matches the prefix ``backbone.layers`` and decays
    nothing in a model that is named otherwise.

    Args:
        optim_wrapper_cfg: Config of the wrapper with its optimizer.
        paramwise_cfg: dict(layer_decay_rate=rate), rate in (0, 1]; with
            backbone_lr_mult=factor, in (0, 1], everything in the backbone
            learns at so much of these rates, beside a head that is large and
            new.

    Raises:
        ValueError: If paramwise_cfg holds anything else or is out of range,
            or no module of the model numbers its layers.
    """

    def __init__(self,
                 optim_wrapper_cfg: dict,
                 paramwise_cfg: Optional[dict] = None) -> None:
        super().__init__(optim_wrapper_cfg, paramwise_cfg)
        if set(self.paramwise_cfg) - {BACKBONE} != {'layer_decay_rate'}:
            raise ValueError(
                f'paramwise_cfg={self.paramwise_cfg} must be '
                f'dict(layer_decay_rate=...), also with {BACKBONE}, and '
                'nothing else; depth and exemptions from weight decay come '
                'from the model')
        if not all(0 < value <= 1 for value in self.paramwise_cfg.values()):
            raise ValueError(f'paramwise_cfg={self.paramwise_cfg}: the rate '
                             'must be above 0 and at most 1')

    def __call__(self, model: nn.Module) -> OptimWrapper:
        """Build the optimiser of a model, wrapped or not."""
        with unsharded(model):
            return super().__call__(model)

    def add_params(self,
                   params: List[dict],
                   module: nn.Module,
                   prefix: str = '') -> None:
        """Group the trainable parameters by layer and weight decay.

        Args:
            params: Receives the groups, first layer first.
            module: The model, unwrapped.
            prefix: Of no use here; part of the base class's signature.
        """
        rate = self.paramwise_cfg['layer_decay_rate']
        backbones = find_backbones(module)
        groups: Dict[Tuple[bool, int, bool], dict] = {}
        for name, param in module.named_parameters():
            if not param.requires_grad:
                continue
            steps_from_top = layers_above(name, backbones)
            inside = name.startswith(tuple(backbones))
            factor = self.paramwise_cfg.get(BACKBONE, 1.) if inside else 1.
            decays = not (
                param.ndim == 1 or name.endswith('.bias')
                or any(part in name for part in NOT_DECAYED))
            group = groups.setdefault(
                (factor < 1, steps_from_top, decays),
                dict(
                    params=[],
                    lr=self.base_lr * factor * rate**steps_from_top))
            if not decays:
                group['weight_decay'] = 0.
            elif self.base_wd is not None:
                group['weight_decay'] = self.base_wd
            group['params'].append(param)
        ordered = sorted(groups.items(), reverse=True)
        params.extend(group for _, group in ordered)
        MMLogger.get_current_instance().info(describe(ordered))


def find_backbones(model: nn.Module) -> Dict[str, nn.Module]:
    """Name with a dot -> module, of the modules that number their layers.

    Raises:
        ValueError: If there is none.
    """
    backbones = {
        f'{name}.' if name else '': module
        for name, module in model.named_modules()
        if hasattr(module, 'get_layer_depth')
    }
    if not backbones:
        raise ValueError(
            f'layer_decay_rate has no effect on {type(model).__name__}: none '
            'of its modules has get_layer_depth(); use a ViT backbone or '
            "remove the optim_wrapper's constructor and paramwise_cfg")
    return backbones


def layers_above(name: str, backbones: Dict[str, nn.Module]) -> int:
    """Layers between a parameter and the head: 0 for the head itself."""
    for prefix, backbone in backbones.items():
        if name.startswith(prefix):
            layer_id, num_layers = backbone.get_layer_depth(name, prefix)
            return num_layers - 1 - layer_id
    return 0


def describe(ordered: List[Tuple[Tuple[bool, int, bool], dict]]) -> str:
    """Lay out the groups as a table, one row each."""
    rows = ['Parameter groups of layer-wise learning-rate decay:',
            f'{"layers above":>12} {"lr":>10} {"weight decay":>12} '
            f'{"tensors":>8} {"parameters":>12}']
    for (_, steps_from_top, _), group in ordered:
        count = sum(param.numel() for param in group['params'])
        rows.append(f'{steps_from_top:12d} {group["lr"]:10.3g} '
                    f'{group.get("weight_decay", "default")!s:>12} '
                    f'{len(group["params"]):8d} '
                    f'{count:12,d}')
    return '\n'.join(rows)
