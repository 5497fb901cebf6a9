# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""How long one training step takes, from a loaded batch to new weights."""
from contextlib import nullcontext, redirect_stdout
from io import StringIO
from typing import Callable, List, Sequence

import numpy as np
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.structures import InstanceData, PixelData
from mmpose.registry import KEYPOINT_CODECS
from mmpose.structures import PoseDataSample

from vitpose_mm.engine.hooks import CompileHook
from .measure import peak_memory, row, time_interleaved
from .network import autocast, count_flops, matmul_run
from .recipes import KEYPOINTS, Arch, Size, build_model, load_recipe

WARMUP = 2


def benchmark_training(names: Sequence[str], arch: Arch,
                       size: Size, batch: int, dtype: str,
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
        row(dict(
            work='train', implementation=name, device=device, arch=arch,
            size=size, batch=batch, dtype=dtype, flops_per_crop=flops,
            matmul_peak_flops=peak,
            share_of_peak=flops * batch / timing.median / peak,
            peak_memory_bytes=peak_memory(runs[name], device)),
            timing, batch) for name, timing in timings.items()
    ]


def step(name: str, arch: Arch, size: Size, batch: int,
         dtype: str, device: str, rounds: int,
         compiled: bool = False) -> Callable[[], dict]:
    """What to time: a training step with a batch of its own each time."""
    config = load_recipe(name, arch, size)
    if dtype == 'bfloat16':
        config.model.train_cfg = dict(compute_acc=False)
    if dtype != 'float32' and device != 'cpu':
        # bfloat16 has the range of float32 and needs no scaling, whose check
        # waits for the device.
        config.optim_wrapper.update(
            type='AmpOptimWrapper', dtype=dtype,
            loss_scale=dict(enabled=dtype == 'float16'))
    model = build_model(config).to(device).train()
    if compiled:
        # Dynamo allows few networks of one class in a process.
        torch._dynamo.reset()
        CompileHook().compile(model)
    # MMPose's constructor prints.
    with redirect_stdout(StringIO()):
        wrapper = build_optim_wrapper(model, config.optim_wrapper)
    # One more, for the memory.
    batches = iter(
        [make_batch(config, batch) for _ in range(WARMUP + rounds + 1)])
    # MMEngine's wrapper for mixed precision refuses CPUs.
    context = autocast(device, dtype) if device == 'cpu' else nullcontext()

    def run() -> dict:
        with context:
            return model.train_step(next(batches), wrapper)

    return run


def make_batch(config: Config, batch: int) -> dict:
    """A batch as the training loader of a config hands it over."""
    codec = KEYPOINT_CODECS.build(config.codec)
    width, height = config.codec.input_size
    rng = np.random.default_rng(0)
    samples = []
    for _ in range(batch):
        keypoints = rng.uniform(0, (width, height), (1, KEYPOINTS, 2))
        encoded = codec.encode(keypoints.astype(np.float32))
        heatmaps = encoded.pop('heatmaps', None)
        sample = PoseDataSample(metainfo=dict())
        sample.gt_instance_labels = InstanceData(**encoded).to_tensor()
        if heatmaps is not None:
            sample.gt_fields = PixelData(heatmaps=heatmaps).to_tensor()
        samples.append(sample)
    images = torch.randint(
        0, 256, (batch, 3, height, width), dtype=torch.uint8)
    if 'collate_fn' not in config.train_dataloader:
        # MMEngine's own function leaves the crops apart.
        images = list(images)
    return dict(inputs=images, data_samples=samples)
