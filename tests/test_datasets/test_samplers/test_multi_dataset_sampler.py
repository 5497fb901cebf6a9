# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from collections import Counter
from types import SimpleNamespace
from unittest import mock

import numpy as np
import pytest
from mmpose.registry import DATA_SAMPLERS

LENGTHS = 600, 90, 10
SAMPLER = 'vitpose_mm.datasets.samplers.multi_dataset_sampler'


def build(lengths=LENGTHS, rank=0, world_size=1, seed=3, **options):
    dataset = SimpleNamespace(datasets=[range(n) for n in lengths])
    with mock.patch(f'{SAMPLER}.get_dist_info', lambda: (rank, world_size)):
        return DATA_SAMPLERS.build(
            dict(type='MultiDatasetSampler', dataset=dataset, seed=seed,
                 **options))


def epoch(sampler, number: int = 0) -> list:
    sampler.set_epoch(number)
    return list(sampler)


def count(indices, lengths=LENGTHS) -> list:
    """How many samples are of each dataset."""
    part = np.searchsorted(np.cumsum(lengths), indices, side='right')
    return np.bincount(part, minlength=len(lengths)).tolist()


def test_left_alone_an_epoch_shows_every_sample_once():
    sampler = build()

    for number in 0, 1, 5:
        assert sorted(epoch(sampler, number)) == list(range(700))
    assert epoch(sampler, 0) != epoch(sampler, 1)
    assert len(sampler) == 700


def test_ratios_set_the_shares():
    assert count(epoch(build(ratios=(1, 2, 4)))) == [100, 200, 400]
    # 700 / 3: the remainder goes to the first ones.
    assert count(epoch(build(ratios=(5, 5, 5)))) == [234, 233, 233]


@pytest.mark.parametrize('temperature', (0.8, 2, 5))
def test_temperature_evens_the_shares_out(temperature):
    """Shares are n ** (1 / T), normalised."""
    weights = np.array(LENGTHS)**(1 / temperature)
    exact = 700 * weights / weights.sum()

    found = count(epoch(build(temperature=temperature)))

    assert np.abs(found - exact).max() < 1 and sum(found) == 700


def test_samples_of_a_dataset_are_shown_equally_often():
    """Over E epochs, floor or ceiling of E * quota / n, large and small."""
    sampler = build(ratios=(1, 2, 4))
    shown = Counter(i for number in range(7)
                    for i in epoch(sampler, number))

    start = 0
    for length, quota in zip(LENGTHS, (100, 200, 400)):
        times = {shown[i] for i in range(start, start + length)}
        mean = 7 * quota / length
        assert times <= {int(mean), int(mean) + 1}
        start += length


def test_datasets_of_one_length_are_shuffled_apart():
    """Halves of two of 100 samples: hardly ever the same half."""
    lengths = 100, 100, 100
    indices = epoch(build(lengths, ratios=(1, 1, 4)))
    first, second = ({i % 100 for i in indices if i // 100 == part}
                     for part in range(2))

    assert len(first) == len(second) == 50 and first != second


def test_datasets_are_mixed_within_an_epoch():
    """No batch of 64 is far from the shares (hypergeometric, 5 sigma)."""
    indices = epoch(build(ratios=(1, 1, 1)))

    for i in range(0, 640, 64):
        share = np.array(count(indices[i:i + 64])) / 64
        assert np.abs(share - 1 / 3).max() < 5 * np.sqrt(2 / 9 / 64)


@pytest.mark.parametrize('world_size', (2, 3, 8, 32))
def test_processes_share_the_epoch_of_one(world_size):
    whole = epoch(build(temperature=3), 4)
    samplers = [build(temperature=3, rank=rank, world_size=world_size)
                for rank in range(world_size)]
    parts = [epoch(sampler, 4) for sampler in samplers]

    assert {len(part) for part in parts} == {len(samplers[0])}
    together = [i for row in zip(*parts) for i in row]
    assert together[:700] == whole
    assert together[700:] == whole[:len(together) - 700]


def test_a_resumed_run_goes_on_with_the_same_order():
    sampler = build(ratios=(1, 1, 1))
    for number in range(5):
        expected = epoch(sampler, number)

    assert epoch(build(ratios=(1, 1, 1)), 4) == expected
    assert epoch(build(ratios=(1, 1, 1), seed=4), 4) != expected


@pytest.mark.parametrize('options, message', [
    (dict(ratios=(1, 2)), r'ratios=\[1, 2\] must be 3 numbers'),
    (dict(ratios=(1, 0, 2)), 'must be positive'),
    (dict(ratios=(1, float('nan'), 2)), 'must be positive'),
    (dict(temperature=0), 'temperature=0 must be positive'),
    (dict(ratios=(1, 1, 1), temperature=2), 'choose one'),
    (dict(ratios=(1, 1e-9, 1)), 'dataset 1 has a share of 5e-10'),
    (dict(lengths=(5, 0, 5)), 'dataset 1 of the ConcatDataset is empty'),
])
def test_impossible_shares_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        build(**options)
