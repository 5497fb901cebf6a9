# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""A training step of ViTPose+ against plain ViTPose at equal batch."""
from functools import partial
from typing import Dict, List

import torch
from mmengine.structures import InstanceData, PixelData
from mmpose.structures import PoseDataSample
from torch import Tensor, nn

from .measure import peak_memory, row, time_interleaved
from .network import autocast
from .recipes import Arch, Size, build_model, load_recipe

PAIRS = (('vit', 'vit_moe'), ('vitpose', 'vitpose_plus'))


def benchmark_experts(arch: Arch, size: Size, batch: int, dtype: str,
                      device: str, rounds: int) -> List[dict]:
    """Time forward and backward of the backbones alone, then of the whole
    models (one head and six, with losses), on batches that mix the datasets.

    The optimiser is left out: its cost goes by parameters, not by samples.

    Returns:
        A row per implementation; ``time_ratio`` is that to the plain one.
    """
    models = {}
    for name, leaf in (('vitpose', 'plain'), ('vitpose_plus', 'plus')):
        config = load_recipe(leaf, arch, size)
        config.model.train_cfg = dict(compute_acc=False)
        models[name] = build_model(config).to(device).train()
    models.update(vit=models['vitpose'].backbone,
                  vit_moe=models['vitpose_plus'].backbone)
    runs = make_steps(models, size, batch, dtype, device)
    rows = []
    for pair in PAIRS:
        taken = time_interleaved({name: runs[name] for name in pair}, rounds,
                                 2, device)
        rows += [
            row(dict(
                work='step', implementation=name, device=device, arch=arch,
                size=size, batch=batch, dtype=dtype,
                parameters=sum(p.numel() for p in models[name].parameters()),
                peak_memory_bytes=peak_memory(runs[name], device)),
                timing, batch, taken[pair[0]])
            for name, timing in taken.items()
        ]
    return rows


def make_steps(models: Dict[str, nn.Module], size: Size, batch: int,
               dtype: str, device: str) -> Dict[str, partial]:
    """Name to what is timed, all on the same images."""
    heads = models['vitpose_plus'].heads
    images = torch.randn(batch, 3, *size, device=device)
    indices = torch.randint(
        len(heads), (batch, ),
        generator=torch.Generator().manual_seed(0)).tolist()
    counts = {name: head.out_channels for name, head in heads.items()}
    own = [list(counts)[index] for index in indices]
    mixed, same = (
        [make_sample(name, counts[name], size, device) for name in names]
        for names in (own, [next(iter(counts))] * batch))
    every = partial(step, dtype=dtype)
    return dict(
        vit=partial(every, models['vit'], images),
        vit_moe=partial(every, models['vit_moe'], images,
                        torch.tensor(indices)),
        vitpose=partial(every, models['vitpose'].loss, images, same),
        vitpose_plus=partial(every, models['vitpose_plus'].loss, images,
                             mixed))


def make_sample(dataset: str, keypoints: int, size: Size,
                device: str) -> PoseDataSample:
    """Random targets of a dataset."""
    sample = PoseDataSample(metainfo=dict(dataset_name=dataset))
    sample.gt_fields = PixelData(heatmaps=torch.rand(
        keypoints, size[0] // 4, size[1] // 4, device=device))
    sample.gt_instance_labels = InstanceData(
        keypoint_weights=torch.ones(1, keypoints, device=device))
    return sample


def step(forward: object, images: Tensor, *args, dtype: str) -> None:
    """Forward and backward."""
    with autocast(images.device.type, dtype):
        out = forward(images, *args)
        loss = sum(v.float().mean() for v in out.values()) if isinstance(
            out, dict) else out[0].float().square().mean()
    loss.backward()
    module = getattr(forward, '__self__', forward)
    module.zero_grad(set_to_none=True)
