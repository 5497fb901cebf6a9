# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import subprocess
import sys
from pathlib import Path

import pytest
import torch

SCRIPT = Path(__file__).with_name('training_steps.py')


def train(world_size: int, folder: Path) -> dict:
    """Train as so many processes; returns the weights."""
    out = folder / f'{world_size}.pth'
    processes = [
        subprocess.Popen([
            sys.executable,
            str(SCRIPT),
            str(rank),
            str(world_size),
            str(folder / f'meet-{world_size}'),
            str(out)
        ]) for rank in range(world_size)
    ]
    # A hang is what this test is about.
    assert [process.wait(timeout=300) for process in processes] == \
        [0] * world_size
    return torch.load(out, weights_only=True)


@pytest.mark.slow
def test_two_processes_equal_one_with_datasets_missing_on_each(tmp_path):
    one, two = train(1, tmp_path), train(2, tmp_path)
    for name in one:
        torch.testing.assert_close(two[name], one[name], atol=1e-5, rtol=1e-5)
