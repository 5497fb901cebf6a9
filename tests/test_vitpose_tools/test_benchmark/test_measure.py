# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import json
import platform
import time

import pytest
import torch

from vitpose_tools.benchmark import (Timing, environment, peak_memory,
                                     time_interleaved, write_result)


def test_candidates_take_turns_after_their_warmup():
    calls = []
    timings = time_interleaved(
        {name: lambda name=name: calls.append(name)
         for name in 'ab'}, rounds=3, warmup=2, device='cpu')
    assert calls == ['a', 'b'] * 5
    assert {name: len(timing.seconds)
            for name, timing in timings.items()} == dict(a=3, b=3)


def test_the_slower_candidate_takes_its_time():
    timings = time_interleaved(
        dict(quick=lambda: None, slow=lambda: time.sleep(0.02)),
        rounds=3, warmup=0, device='cpu')
    assert timings['slow'].median >= 0.02 > timings['quick'].median


def test_median_and_quartile_distance():
    timing = Timing((5., 1., 2., 4., 90.))
    assert (timing.median, timing.spread) == (4., 3.)


def test_peak_memory_counts_what_lives_at_once():
    kept = torch.ones(1000)

    def run():
        for _ in range(3):
            # 4 MB and 8 MB at once, gone before the next turn.
            x = torch.empty(1_000_000)
            y = torch.empty(2_000_000)
            del x, y
        torch.empty(500_000)
        return kept

    assert peak_memory(run, 'cpu') == pytest.approx(12e6, rel=1e-3)
    assert peak_memory(lambda: None, 'cpu') == 0


@pytest.mark.skipif(not torch.cuda.is_available(), reason='needs CUDA')
def test_peak_memory_and_time_on_cuda():
    x = torch.ones(1_000_000, device='cuda')
    assert peak_memory(lambda: x + 1, 'cuda') == pytest.approx(4e6, rel=0.1)
    timing = time_interleaved(dict(add=lambda: x + 1), 3, 1, 'cuda')['add']
    assert 0 < timing.median < 1


def test_environment_names_no_machine():
    facts = environment()
    assert torch.__version__.startswith(facts['versions']['torch'])
    assert facts['hardware']['threads'] == torch.get_num_threads()
    assert platform.node() not in json.dumps(facts)


def test_result_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / 'results' / 'cpu.json'
    write_result(path, dict(speed=[1, 2.5]))
    assert json.loads(path.read_text()) == dict(speed=[1, 2.5])
    with pytest.raises(TypeError):
        write_result(path, dict(speed=torch.ones(1)))
    assert json.loads(path.read_text()) == dict(speed=[1, 2.5])
    (tmp_path / 'taken.json').mkdir()
    with pytest.raises(OSError, match='not written: .*taken.json'):
        write_result(tmp_path / 'taken.json', dict())
    (tmp_path / 'file').touch()
    with pytest.raises(OSError, match='not written: .*cpu.json'):
        write_result(tmp_path / 'file' / 'cpu.json', dict())
