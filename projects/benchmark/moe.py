# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Training step of ViTPose+ against plain ViTPose at equal batch.

Two comparisons, each in turns within one process: the backbones alone
(ViTMoE and ViT, forward and backward), and the whole models (six heads and
one, with losses). Batches mix the six datasets. The optimiser is left out:
its cost goes by parameters, not by samples, and is named apart.

    python projects/benchmark/moe.py --arch base --batch 12
"""
from functools import partial
from pathlib import Path
from typing import Optional, Union

import click
import torch
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData, PixelData
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample

import vitpose_mm  # noqa: F401
from vitpose_mm.checkpoints.expert_datasets import EXPERT_DATASETS
from vitpose_mm.models.backbones.archs import parse_arch
from vitpose_tools.benchmark import (environment, peak_memory,
                                     time_interleaved, write_result)

KEYPOINTS = list(EXPERT_DATASETS.values())
RESULTS = Path(__file__).parent / 'results'


def head(arch: Union[str, dict], num_keypoints: int) -> dict:
    """The classic decoder."""
    return dict(
        type='HeatmapHead',
        in_channels=parse_arch(arch).embed_dim,
        out_channels=num_keypoints,
        deconv_out_channels=(256, 256),
        deconv_kernel_sizes=(4, 4),
        loss=dict(type='KeypointMSELoss', use_target_weight=True))


def build(arch: Union[str, dict], device: str) -> dict:
    """Name to model, of all that is compared."""
    plain = dict(type='ViT', arch=arch)
    experts = dict(type='ViTMoE', num_experts=len(KEYPOINTS), arch=arch)
    heads = {name: head(arch, n) for name, n in EXPERT_DATASETS.items()}
    train_cfg = dict(compute_acc=False)
    models = dict(
        vit=plain,
        vit_moe=experts,
        vitpose=dict(
            type='TopdownPoseEstimator',
            backbone=plain,
            head=head(arch, 17),
            train_cfg=train_cfg),
        vitpose_plus=dict(
            type='MultiDatasetTopdownPoseEstimator',
            backbone=experts,
            heads=heads,
            train_cfg=train_cfg))
    return {
        name: MODELS.build(config).to(device).train()
        for name, config in models.items()
    }


def samples(indices: list, mixed: bool, device: str) -> list:
    """Targets of each sample, of its own dataset or all of the first."""
    made = []
    for index in indices:
        name = list(EXPERT_DATASETS)[index if mixed else 0]
        num = EXPERT_DATASETS[name]
        sample = PoseDataSample(metainfo=dict(dataset_name=name))
        sample.gt_fields = PixelData(
            heatmaps=torch.rand(num, 64, 48, device=device))
        sample.gt_instance_labels = InstanceData(
            keypoint_weights=torch.ones(1, num, device=device))
        made.append(sample)
    return made


def step(model: torch.nn.Module, amp: bool, *args) -> None:
    """Forward and backward."""
    device = args[0].device.type
    with torch.autocast(device, torch.bfloat16, enabled=amp):
        out = model.loss(*args) if hasattr(model, 'loss') else model(*args)
        loss = sum(v.float().mean() for v in out.values()) if isinstance(
            out, dict) else out[0].float().square().mean()
    loss.backward()
    model.zero_grad(set_to_none=True)


def steps(models: dict, batch: int, amp: bool, device: str) -> dict:
    """Name to a training step, all on the same images."""
    images = torch.randn(batch, 3, 256, 192, device=device)
    indices = torch.randint(
        len(KEYPOINTS), (batch, ),
        generator=torch.Generator().manual_seed(0)).tolist()
    own = samples(indices, True, device)
    same = samples(indices, False, device)
    return dict(
        vit=partial(step, models['vit'], amp, images),
        vit_moe=partial(step, models['vit_moe'], amp, images,
                        torch.tensor(indices)),
        vitpose=partial(step, models['vitpose'], amp, images, same),
        vitpose_plus=partial(step, models['vitpose_plus'], amp, images, own))


@click.command()
@click.option('--arch', default='base', show_default=True)
@click.option('--batch', default=12, show_default=True)
@click.option('--rounds', default=7, show_default=True)
@click.option('--amp', is_flag=True, help='bf16 autocast.')
@click.option('--device', default='cpu', show_default=True)
@click.option('--out', type=click.Path(path_type=Path),
              help='[default: results/moe_DEVICE.json]')
def main(arch: str, batch: int, rounds: int, amp: bool, device: str,
         out: Optional[Path]) -> None:
    """Time and measure, print ratios, write JSON."""
    out = out or RESULTS / f'moe_{device}.json'
    init_default_scope('mmpose')
    torch.manual_seed(0)
    models = build(arch, device)
    run = steps(models, batch, amp, device)
    result = dict(
        environment=environment(),
        device=device,
        arch=arch,
        batch=batch,
        dtype='bf16 autocast' if amp else 'fp32',
        rounds=rounds,
        pairs={})
    for base, other in (('vit', 'vit_moe'), ('vitpose', 'vitpose_plus')):
        pair = {base: run[base], other: run[other]}
        taken = time_interleaved(pair, rounds, 2, device)
        memory = {name: peak_memory(each, device)
                  for name, each in pair.items()}
        result['pairs'][other] = dict(
            time_ratio=taken[other].median / taken[base].median,
            memory_ratio=memory[other] / memory[base],
            seconds={k: v.median for k, v in taken.items()},
            spread={k: v.spread for k, v in taken.items()},
            peak_bytes=memory,
            parameters={k: sum(p.numel() for p in models[k].parameters())
                        for k in pair})
        click.echo(f"{other} / {base}: time "
                   f"{result['pairs'][other]['time_ratio']:.3f}, memory "
                   f"{result['pairs'][other]['memory_ratio']:.3f}")
        write_result(out, result)


if __name__ == '__main__':
    main()
