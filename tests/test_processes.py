# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import time

import pytest
import torch
from processes import run_processes
from torch import Tensor, distributed


def gather(start: int) -> Tensor:
    own = torch.tensor([start + distributed.get_rank()])
    found = [torch.zeros_like(own) for _ in range(2)]
    distributed.all_gather(found, own)
    return torch.cat(found)


def fail_or_wait() -> None:
    if distributed.get_rank():
        raise ValueError('this one fails')
    distributed.barrier()


def sleep() -> None:
    time.sleep(600)


def test_processes_are_one_group():
    assert [found.tolist() for found in run_processes(gather, 2, 5)] == \
        [[5, 6], [5, 6]]


def test_a_process_that_fails_ends_the_others_with_its_traceback():
    with pytest.raises(RuntimeError, match='ValueError: this one fails'):
        run_processes(fail_or_wait, 2)


def test_processes_have_a_limit():
    with pytest.raises(TimeoutError, match='2 processes did not end'):
        run_processes(sleep, 2, timeout=1.)
