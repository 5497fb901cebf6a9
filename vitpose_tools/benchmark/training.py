# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""How long one training step takes, from a loaded batch to new weights."""
from contextlib import nullcontext, redirect_stdout
from io import StringIO
from typing import Callable, List, Sequence, Union

import mmpose.engine.optim_wrappers.layer_decay_optim_wrapper  # noqa: F401
import numpy as np
import torch
from mmengine.optim import build_optim_wrapper
from mmengine.structures import InstanceData, PixelData
from mmpose.registry import KEYPOINT_CODECS
from mmpose.structures import PoseDataSample

from vitpose_mm.engine.hooks import CompileHook
from vitpose_mm.models.backbones.archs import parse_arch
from .measure import peak_memory, time_interleaved
from .network import autocast, count_flops, matmul_run, name_of, summary
from .networks import (KEYPOINTS, Size, build_estimator, codec_config,
                       estimator_config)

WARMUP = 2


def benchmark_training(names: Sequence[str], arch: Union[str, dict],
                       size: Size, batch: int, dtype: torch.dtype,
                       device: str, rounds: int,
                       compiled: bool = False) -> List[dict]:
    """Time the training step of MMEngine's runner on batches in memory.

    Contains what follows the loader: preparing the batch, forward, loss,
    accuracy where the recipe has it, backward, clipping and AdamW with
    layer-wise decay. MMPose's batches hold their heatmaps already, as its
    loader's workers make them.

    Args:
        names: 'vitpose_mm' or 'mmpose'.
        arch: Of ViT, a name or its numbers.
        size: (h, w) of the crops in pixels.
        batch: Crops per step.
        dtype: float32, or one for autocast; in bfloat16 MMPose's accuracy
            fails and is left out.
        device: Where.
        rounds: Timed steps of each.
        compiled: Whether to add this project's model under CompileHook.

    Returns:
        A row of results per implementation. The operations of a step are
        taken as three times those of a forward.
    """
    runs = {}
    for name in names:
        runs[name] = step(name, arch, size, batch, dtype, device, rounds)
    if compiled:
        runs['vitpose_mm compiled'] = step('vitpose_mm', arch, size, batch,
                                           dtype, device, rounds, True)
    flops = 3 * count_flops('vitpose_mm', arch, size)
    matmul, matmul_flops = matmul_run(batch, size, arch, dtype, device)
    timings = time_interleaved(
        dict(runs, matmul=matmul), rounds, WARMUP, device)
    peak = matmul_flops / timings.pop('matmul').median
    return [
        dict(
            work='train', implementation=name, device=device, arch=arch,
            size=size, batch=batch, dtype=name_of(dtype), flops_per_crop=flops,
            matmul_peak_flops=peak,
            share_of_peak=flops * batch / timing.median / peak,
            peak_memory_bytes=peak_memory(runs[name], device),
            **summary(timing, batch)) for name, timing in timings.items()
    ]


def step(name: str, arch: Union[str, dict], size: Size, batch: int,
         dtype: torch.dtype, device: str, rounds: int,
         compiled: bool = False) -> Callable[[], dict]:
    """What to time: a training step with a batch of its own each time."""
    config = estimator_config(name, arch, size, KEYPOINTS)
    if dtype == torch.bfloat16:
        config['train_cfg']['compute_acc'] = False
    model = build_estimator(config).to(device).train()
    if compiled:
        # Dynamo allows few networks of one class in a process.
        torch._dynamo.reset()
        CompileHook().compile(model)
    # MMPose's constructor prints.
    with redirect_stdout(StringIO()):
        wrapper = build_optim_wrapper(
            model, optimizer_config(name, arch, dtype, device))
    # One more, for the memory.
    batches = iter(
        [make_batch(name, size, batch) for _ in range(WARMUP + rounds + 1)])
    # MMEngine's wrapper for mixed precision refuses CPUs.
    context = autocast(device, dtype) if device == 'cpu' else nullcontext()

    def run() -> dict:
        with context:
            return model.train_step(next(batches), wrapper)

    return run


def optimizer_config(name: str, arch: Union[str, dict], dtype: torch.dtype,
                     device: str) -> dict:
    """The papers' AdamW, with each implementation's own layer-wise decay."""
    config = dict(
        type='OptimWrapper',
        optimizer=dict(
            type='AdamW', lr=5e-4, betas=(0.9, 0.999), weight_decay=0.1),
        clip_grad=dict(max_norm=1., norm_type=2))
    if name == 'vitpose_mm':
        config.update(
            constructor='ViTLayerDecayOptimWrapperConstructor',
            paramwise_cfg=dict(layer_decay_rate=0.75))
        config['optimizer']['fused'] = device != 'cpu'
    else:
        config.update(
            constructor='LayerDecayOptimWrapperConstructor',
            paramwise_cfg=dict(
                layer_decay_rate=0.75, num_layers=parse_arch(arch).depth))
    if dtype != torch.float32 and device != 'cpu':
        # bfloat16 has the range of float32 and needs no scaling, whose check
        # waits for the device.
        config.update(
            type='AmpOptimWrapper', dtype=name_of(dtype),
            loss_scale=dict(enabled=dtype == torch.float16))
    return config


def make_batch(name: str, size: Size, batch: int) -> dict:
    """A batch as the loader of an implementation hands it over."""
    rng = np.random.default_rng(0)
    codec = KEYPOINT_CODECS.build(codec_config(name, size))
    samples = []
    for _ in range(batch):
        keypoints = rng.uniform(0, size[::-1], (1, KEYPOINTS, 2))
        encoded = codec.encode(keypoints.astype(np.float32))
        heatmaps = encoded.pop('heatmaps', None)
        sample = PoseDataSample(metainfo=dict())
        sample.gt_instance_labels = InstanceData(**encoded).to_tensor()
        if heatmaps is not None:
            sample.gt_fields = PixelData(heatmaps=heatmaps).to_tensor()
        samples.append(sample)
    images = torch.randint(0, 256, (batch, 3, *size), dtype=torch.uint8)
    if name == 'mmpose':
        # Its default collate function leaves the crops apart.
        images = list(images)
    return dict(inputs=images, data_samples=samples)
