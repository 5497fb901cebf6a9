# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""What output distillation costs: a training step with a teacher, against a
step without one and the teacher's bare forward pass.

All three take turns within one process, at 256x192 with random weights.

    python projects/benchmark/distillation.py
    python projects/benchmark/distillation.py --student base --teacher large \
        --batch 64 --device cuda --dtype bfloat16
"""
import copy
from pathlib import Path
from typing import Callable, Optional

import click
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData, PixelData
from mmpose.models import build_pose_estimator
from mmpose.models.losses import KeypointMSELoss
from mmpose.structures import PoseDataSample
from torch import nn

import vitpose_mm  # noqa: F401
from vitpose_mm.engine.distillation import DistillTerm, Teacher
from vitpose_tools.benchmark import environment, time_interleaved, write_result

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ('configs/body_2d_keypoint/topdown_heatmap/coco/'
          'td-hm_ViTPose-{}_8xb64-210e_coco-256x192.py')
RESULTS = Path(__file__).parent / 'results'
SIZES = click.Choice(['small', 'base', 'large', 'huge'])


def make_batch(size: int) -> dict:
    """Random crops with random targets, as a loader gives them."""
    samples = []
    for _ in range(size):
        sample = PoseDataSample()
        sample.gt_fields = PixelData(heatmaps=torch.rand(17, 64, 48))
        sample.gt_instance_labels = InstanceData(
            keypoint_weights=torch.ones(1, 17))
        samples.append(sample)
    images = torch.randint(0, 256, (size, 3, 256, 192), dtype=torch.uint8)
    return dict(inputs=list(images), data_samples=samples)


def make_step(config: Config, model: nn.Module, batch: dict,
              device: str) -> Callable[[], object]:
    """A training step of a model: what a runner does with a batch."""
    wrapper = copy.deepcopy(config.optim_wrapper)
    if device == 'cuda':
        wrapper.update(type='AmpOptimWrapper', dtype='bfloat16')
    wrapper = build_optim_wrapper(model, wrapper)
    return lambda: model.train_step(copy.deepcopy(batch), wrapper)


def make_candidates(student: str, teacher: str, batch: int, device: str,
                    dtype: torch.dtype) -> tuple:
    """Name to what is timed, and the term, which lives as long as it is
    held."""
    configs = [
        Config.fromfile(ROOT / CONFIG.format(size))
        for size in (student, teacher)
    ]
    plain = build_pose_estimator(configs[0].model).to(device).train()
    distilled = copy.deepcopy(plain)
    model = build_pose_estimator(configs[1].model)
    term = DistillTerm(
        Teacher(model, distilled, distilled.head, None, dtype),
        KeypointMSELoss(),
        keypoints=None,
        use_target_weight=False,
        dataset=None)
    term.attach(distilled, distilled.head)
    data = make_batch(batch)
    crops = torch.randn(batch, 3, 256, 192, device=device, dtype=dtype)

    def forward() -> None:
        with torch.inference_mode():
            model(crops, None, mode='tensor')

    candidates = dict(
        student=make_step(configs[0], plain, data, device),
        teacher=forward,
        distilled=make_step(configs[0], distilled, data, device))
    return candidates, term


@click.command()
@click.option('--student', type=SIZES, default='small', show_default=True)
@click.option('--teacher', type=SIZES, default='base', show_default=True)
@click.option('--batch', default=2, show_default=True)
@click.option('--rounds', default=9, show_default=True)
@click.option('--device', default='cpu', show_default=True)
@click.option(
    '--dtype',
    type=click.Choice(['float32', 'bfloat16']),
    default='float32',
    show_default=True,
    help="The teacher's; on CUDA the student trains with bfloat16 autocast.")
@click.option('--out', type=click.Path(path_type=Path),
              help='[default: results/distillation_DEVICE.json]')
def main(student: str, teacher: str, batch: int, rounds: int, device: str,
         dtype: str, out: Optional[Path]) -> None:
    """Time the steps, print a table, write JSON."""
    out = out or RESULTS / f'distillation_{device}.json'
    init_default_scope('mmpose')
    torch.manual_seed(0)
    candidates, _term = make_candidates(student, teacher, batch, device,
                                        getattr(torch, dtype))
    taken = time_interleaved(candidates, rounds, 2, device)
    figures = {
        name: dict(seconds=timing.median, spread=timing.spread)
        for name, timing in taken.items()
    }
    parts = taken['student'].median + taken['teacher'].median
    ratio = taken['distilled'].median / parts
    write_result(
        out,
        dict(
            environment=environment(),
            device=device,
            student=student,
            teacher=teacher,
            teacher_dtype=dtype,
            batch=batch,
            rounds=rounds,
            figures=figures,
            distilled_over_student_plus_teacher=ratio))
    for name, of in figures.items():
        click.echo(f"{name:10s} {of['seconds'] * 1000:9.1f} ms "
                   f"(quartiles {of['spread'] * 1000:.1f} ms apart)")
    click.echo(f'distilled / (student + teacher): {ratio:.3f}')


if __name__ == '__main__':
    main()
