# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from functools import partial
from unittest import mock

import pytest
import torch
from mmengine.utils import digit_version
from torch.utils.flop_counter import FlopCounterMode

from vitpose_mm.engine.hooks import HalfWeightsHook
from vitpose_tools.benchmark.network import (FLOPS, benchmark_network,
                                             count_flops, matmul_run)
from vitpose_tools.benchmark.training import benchmark_training

TINY = dict(embed_dim=32, depth=2, num_heads=2)


def test_operations_are_those_of_a_closed_form():
    dim, depth, h, w = 64, 3, 16, 12
    tokens = h * w
    blocks = depth * (12 * tokens * dim**2 + 2 * tokens**2 * dim)
    embedding = tokens * 3 * 16**2 * dim
    # Two deconvolutions to 256 channels: each output cell sees 2x2 of the
    # kernel's 4x4, and the 1x1 layer sees all.
    decoder = 4 * tokens * 4 * dim * 256 + 16 * tokens * (4 * 256 + 17) * 256
    arch = dict(embed_dim=dim, depth=depth, num_heads=4, mlp_ratio=4)
    assert count_flops('vitpose_mm', arch, (16 * h, 16 * w)) == pytest.approx(
        2 * (embedding + blocks + decoder), rel=1e-9)


@pytest.mark.skipif(
    digit_version(torch.__version__) < digit_version('2.2.0'),
    reason='CompileHook refuses this torch')
@pytest.mark.parametrize('benchmark', [benchmark_network, benchmark_training])
def test_the_compiled_network_is_measured_beside_the_plain_one(
        benchmark, monkeypatch):
    graphs = []

    def backend(graph, example_inputs):
        graphs.append(graph)
        return graph.forward

    monkeypatch.setattr(torch, 'compile',
                        partial(torch.compile, backend=backend))
    rows = benchmark(['vitpose_mm'], TINY, (64, 48), 2, 'float32', 'cpu',
                     rounds=2, compiled=True)
    assert [row['implementation'] for row in rows] == [
        'vitpose_mm', 'vitpose_mm compiled']
    assert rows[0]['flops_per_crop'] == rows[1]['flops_per_crop'] > 0
    assert all(row['device'] == 'cpu' for row in rows)
    assert len(graphs) == 2  # backbone and head


@pytest.mark.parametrize('dtype', ['float32', 'bfloat16'])
def test_half_precision_is_measured_with_half_weights(dtype):
    with mock.patch.object(HalfWeightsHook, 'cast', autospec=True,
                           side_effect=HalfWeightsHook.cast) as cast:
        benchmark_network(['vitpose_mm'], TINY, (64, 48), 2, dtype, 'cpu', 1)
    assert cast.call_count == (dtype == 'bfloat16')


@pytest.mark.parametrize('batch', [1, 64])
def test_the_peak_takes_long_enough_to_measure(batch):
    run, flops = matmul_run(batch, (256, 192), 'small', 'float32', 'cpu')
    with FlopCounterMode(display=False) as counter:
        run()
    assert counter.get_total_flops() == flops >= FLOPS['cpu']
