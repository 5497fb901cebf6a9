# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""What output distillation costs: a training step with a teacher, against a
step without one and the teacher's bare forward."""
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Callable, List

import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from torch import nn

from vitpose_mm.engine.hooks import OutputDistillHook
from .measure import row, time_interleaved
from .network import autocast
from .recipes import Arch, Size, build_model, load_recipe
from .training import WARMUP, make_batch


def benchmark_distillation(student: Arch, teacher: Arch, size: Size,
                           batch: int, dtype: str, device: str,
                           rounds: int) -> List[dict]:
    """Time the three in turns, with random weights.

    Args:
        dtype: Of the teacher; the student trains in autocast to it.

    Returns:
        A row each of 'student', 'teacher' and 'distilled'; ``time_ratio`` is
        that to the student's.
    """
    configs = [load_recipe('plain', arch, size) for arch in (student, teacher)]
    for config in configs:
        config.model.train_cfg = dict(compute_acc=False)
    model = build_model(configs[1])
    plain, distilled = (
        build_model(configs[0]).to(device).train() for _ in range(2))
    hook = attach(configs[1], model, distilled, dtype)
    model = model.eval().to(device, getattr(torch, dtype))
    crops = torch.randn(batch, 3, *size).to(next(model.parameters()))

    def forward() -> None:
        with torch.inference_mode():
            model(crops, None, mode='tensor')

    count = WARMUP + rounds
    taken = time_interleaved(
        dict(
            student=make_step(configs[0], plain, batch, count, dtype),
            teacher=forward,
            distilled=make_step(configs[0], distilled, batch, count, dtype)),
        rounds, WARMUP, device)
    hook.after_train(None)
    return [
        row(dict(
            work='step', implementation=name, device=device, arch=student,
            teacher=teacher, size=size, batch=batch, dtype=dtype),
            timing, batch, taken['student'])
        for name, timing in taken.items()
    ]


def attach(config: Config, model: nn.Module, student: nn.Module,
           dtype: str) -> OutputDistillHook:
    """Let a model teach a student, as a runner would."""
    # MMEngine prints what it loads.
    with TemporaryDirectory() as folder, redirect_stdout(StringIO()):
        file, weights = (str(Path(folder, f'teacher{suffix}'))
                         for suffix in ('.py', '.pth'))
        config.dump(file)
        torch.save(dict(state_dict=model.state_dict()), weights)
        hook = OutputDistillHook(file, weights, teacher_dtype=dtype)
        runner = SimpleNamespace(
            model=student, epoch=0, iter=0,
            train_dataloader=SimpleNamespace(dataset=None))
        hook.before_train(runner)
    hook.before_train_iter(runner, 0)
    return hook


def make_step(config: Config, model: nn.Module, batch: int, count: int,
              dtype: str) -> Callable[[], object]:
    """A training step with a batch of its own each time."""
    wrapper = build_optim_wrapper(model, config.optim_wrapper)
    batches = iter([make_batch(config, batch) for _ in range(count)])
    device = next(model.parameters()).device.type

    def run() -> object:
        with autocast(device, dtype):
            return model.train_step(next(batches), wrapper)

    return run
