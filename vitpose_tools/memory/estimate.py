# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""What a training holds in the memory of a device.

Counted, not modelled: the network runs forward once and again with two crops
while PyTorch tells which tensors it keeps for the backward pass. What grows
is per crop, the rest (weights cast to half precision) is not. One step of the
config's optimiser on a small parameter tells what it keeps per weight.
"""
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Optional, Tuple

import torch
from mmengine.config import Config
from mmpose.models import build_pose_estimator
from mmpose.registry import OPTIMIZERS
from mmpose.utils import register_all_modules
from torch import Tensor, nn

DTYPES = dict(float32=None, bfloat16=torch.bfloat16, float16=torch.float16)
SMALL = 1000


@dataclass(frozen=True)
class MemoryOfTraining:
    """Bytes that a training holds on each device.

    Args:
        weights: Parameters and buffers.
        gradients: Of what learns.
        optimizer: Its state.
        average: Of an EMAHook, 0 without one.
        casts: Weights in half precision, kept for the backward pass.
        crop: Activations of a crop that are kept for the backward pass.
        targets: A crop and its heatmaps.
        gpus: Devices, each with all of the above but for FSDP.
        batch: Crops on each.
        largest: Weights of the largest block, which FSDP gathers.
    """

    weights: int
    gradients: int
    optimizer: int
    average: int
    casts: int
    crop: int
    targets: int
    gpus: int
    batch: int
    largest: int

    @property
    def buckets(self) -> int:
        """Copies of gradients that DDP exchanges, with several devices."""
        return self.gradients if self.gpus > 1 else 0

    @property
    def moving(self) -> int:
        """What depends on the batch."""
        return self.batch * (self.crop + self.targets)

    @property
    def total(self) -> int:
        """On each device, with DDP."""
        return (self.weights + self.gradients + self.optimizer + self.average
                + self.casts + self.buckets + self.moving)

    @property
    def total_sharded(self) -> int:
        """On each device, with all weights and states sharded (FSDP): a part
        of each, and two whole blocks at a time."""
        whole = (self.weights + self.gradients + self.optimizer
                 + self.average)
        return (-(-whole // self.gpus) + 2 * self.largest + self.casts
                + self.moving)


def estimate_memory(path: Path, gpus: int = 1, batch: Optional[int] = None,
                    dtype: Optional[str] = None,
                    with_cp: Optional[bool] = None) -> MemoryOfTraining:
    """Count what the training of a config holds in memory.

    Not counted are PyTorch's own context (about 0.5 GB on a GPU), work space
    of single operations, and what the allocator holds in reserve.

    Args:
        path: Of the config.
        gpus: Devices.
        batch: Crops on each; by default the config's.
        dtype: 'float32', 'bfloat16' or 'float16'; by default the config's.
        with_cp: Whether blocks are recomputed; by default as in the config.

    Raises:
        ValueError: If the config has no model, no optimiser or no crop size.
    """
    register_all_modules()
    config = Config.fromfile(path)
    for key in ('model', 'optim_wrapper', 'train_dataloader'):
        if key not in config:
            raise ValueError(f'{path} has no {key}')
    if with_cp is not None:
        config.model.backbone.with_cp = with_cp
    if dtype is None:
        wrapper = config.optim_wrapper
        is_amp = wrapper.get('type') == 'AmpOptimWrapper'
        dtype = wrapper.get('dtype', 'float16') if is_amp else 'float32'
    size = crop_size(config, path)
    model = build_pose_estimator(config.model).train()
    (one, heatmaps), (two, _) = (
        kept(model, number, size, DTYPES[dtype]) for number in (1, 2))
    learning = sum(param.numel() for param in model.parameters()
                   if param.requires_grad)
    weights = sum(map(size_of, [*model.parameters(), *model.buffers()]))
    hooks = [hook['type'] for hook in config.get('custom_hooks', [])]
    batch = batch or config.train_dataloader.batch_size
    return MemoryOfTraining(
        weights=weights,
        gradients=4 * learning,
        optimizer=round(learning * state_per_weight(
            config.optim_wrapper.optimizer)),
        average=weights if 'EMAHook' in hooks else 0,
        casts=max(0, 2 * one - two),
        crop=two - one,
        targets=4 * (3 * size[0] * size[1] + 2 * heatmaps),
        gpus=gpus,
        batch=batch,
        largest=largest_block(model))


def crop_size(config: Config, path: Path) -> Tuple[int, int]:
    """(h, w) of what the network gets.

    Raises:
        ValueError: If the config does not say it.
    """
    size = config.model.backbone.get('img_size')
    if size is None:
        codec = config.get('codec', {})
        if 'input_size' not in codec:
            raise ValueError(f'{path} has neither model.backbone.img_size '
                             'nor codec.input_size')
        size = codec['input_size'][::-1]
    return (size, size) if isinstance(size, int) else tuple(size)


def kept(model: nn.Module, number: int, size: Tuple[int, int],
         dtype: Optional[torch.dtype]) -> Tuple[int, int]:
    """Bytes that a forward keeps, and values of a crop's heatmaps."""
    own = {storage_of(tensor)
           for tensor in [*model.parameters(), *model.buffers()]}
    found: Dict[int, Tensor] = {}

    def pack(tensor: Tensor) -> Tensor:
        if storage_of(tensor) not in own:
            found[storage_of(tensor)] = tensor  # its address stays taken
        return tensor

    x = torch.zeros(number, 3, *size)
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        with torch.autocast('cpu', dtype or torch.bfloat16,
                            enabled=dtype is not None):
            if hasattr(model, 'heads'):
                heatmaps = next(iter(model.heads.values()))(
                    model.extract_feat(x, 0))
            else:
                heatmaps = model.head(model.extract_feat(x))
        heatmaps = heatmaps[0] if isinstance(heatmaps, tuple) else heatmaps
        heatmaps.float().square().mean()
    return (sum(tensor.untyped_storage().nbytes()
                for tensor in found.values()), heatmaps[0].numel())


def storage_of(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


def size_of(tensor: Tensor) -> int:
    return tensor.numel() * tensor.element_size()


def state_per_weight(optimizer: dict) -> float:
    """Bytes that an optimiser keeps for each weight."""
    param = nn.Parameter(torch.ones(SMALL))
    param.grad = torch.ones(SMALL)
    built = OPTIMIZERS.build(dict(optimizer, params=[param]))
    built.step()
    return sum(size_of(value) for value in built.state[param].values()
               if isinstance(value, Tensor)
               and value.numel() == SMALL) / SMALL


def largest_block(model: nn.Module) -> int:
    """Bytes of the weights of the largest block, or of the whole."""
    blocks = getattr(model.backbone, 'blocks', None) or [model]
    return max(sum(map(size_of, block.parameters())) for block in blocks)
