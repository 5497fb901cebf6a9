# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import subprocess
import sys
from pathlib import Path

import pytest
import torch

SCRIPT = Path(__file__).with_name('training_steps.py')


def train(world_size: int, folder: Path) -> list:
    """Train as so many processes; returns what each holds after each step."""
    outs = [folder / f'{rank}-of-{world_size}.pth'
            for rank in range(world_size)]
    processes = [
        subprocess.Popen([
            sys.executable,
            str(SCRIPT),
            str(rank),
            str(world_size),
            str(folder / f'meet-{world_size}'),
            str(out)
        ]) for rank, out in enumerate(outs)
    ]
    # A hang is what this test is about.
    assert [process.wait(timeout=300) for process in processes] == \
        [0] * world_size
    return [torch.load(out, weights_only=True) for out in outs]


@pytest.mark.slow
def test_two_processes_equal_one_with_datasets_missing_on_each(tmp_path):
    (one, ), two = train(1, tmp_path), train(2, tmp_path)
    for step, expected in enumerate(one):
        for name in expected:
            torch.testing.assert_close(
                two[0][step][name], expected[name], atol=1e-5, rtol=1e-5)
            assert torch.equal(two[0][step][name], two[1][step][name])
    for first, second in (one, *two):
        # No process had a sample of mpii in the second step, and the second
        # process had none of coco.
        for name in first:
            own = 'heads.mpii' in name or '.experts.2.' in name
            assert torch.equal(first[name], second[name]) == own, name
