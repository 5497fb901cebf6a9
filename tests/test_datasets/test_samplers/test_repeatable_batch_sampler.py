# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import pickle

import numpy as np
import pytest
from mmengine.dataset import ConcatDataset, DefaultSampler, InfiniteSampler
from torch.utils.data import Dataset

from vitpose_mm.datasets import MultiDatasetSampler, RepeatableBatchSampler
from vitpose_mm.datasets.draw import Draw, RepeatableDataset
from vitpose_mm.datasets.samplers import repeatable_batch_sampler


class Noise(Dataset):

    def __len__(self) -> int:
        return 12

    def __getitem__(self, index: int) -> float:
        return index + np.random.rand()


def default(dataset):
    return DefaultSampler(dataset, shuffle=True, seed=3)


def joint(dataset):
    parts = ConcatDataset.__new__(ConcatDataset)
    parts.datasets = [dataset, dataset]
    return MultiDatasetSampler(parts, ratios=[1, 3], seed=3)


def epochs(make, rank, world_size, monkeypatch, number=2):
    """Draws of some epochs in one of several processes, in its order."""
    for module in (repeatable_batch_sampler, ):
        monkeypatch.setattr(module, 'get_dist_info',
                            lambda: (rank, world_size))
    sampler = make(Noise())
    sampler.rank, sampler.world_size = rank, world_size
    sampler.num_samples = -(-24 // world_size) if make is joint else \
        12 // world_size
    batches = RepeatableBatchSampler(sampler, 3)
    found = []
    for epoch in range(number):
        batches.start(epoch)
        found += [draw for batch in batches for draw in batch]
    return found


@pytest.mark.parametrize('make', [default, joint])
@pytest.mark.parametrize('world_size', [2, 3])
def test_a_sample_is_the_same_in_any_number_of_processes(
        make, world_size, monkeypatch):
    one = epochs(make, 0, 1, monkeypatch)
    many = [draw for rank in range(world_size)
            for draw in epochs(make, rank, world_size, monkeypatch)]
    key = [(draw.place, int(draw)) for draw in one]
    assert len(set(key)) == len(key)
    assert sorted(key) == sorted((draw.place, int(draw)) for draw in many)


def test_what_is_drawn_follows_from_the_draw_alone():
    dataset = RepeatableDataset(Noise(), seed=1)
    draw = Draw(4, (2, 7))
    first = dataset[draw]
    np.random.rand(5)
    assert dataset[pickle.loads(pickle.dumps(draw))] == first
    others = [dataset[Draw(4, (2, 8))], dataset[Draw(4, (3, 7))],
              RepeatableDataset(Noise(), seed=2)[draw]]
    assert len({first, *others}) == 4
    assert all(4 <= value < 5 for value in others)


@pytest.mark.parametrize('make, endless', [
    (default, False),
    (lambda data: InfiniteSampler(data, shuffle=True, seed=3), True)])
@pytest.mark.parametrize('done', [0, 1, 3, 4, 5])
def test_batches_that_are_done_are_passed_over(make, endless, done):
    """Of four batches in an epoch."""

    def first(batches, count):
        found = []
        while len(found) < count:
            for batch in batches:
                found.append([(draw.place, int(draw)) for draw in batch])
                if len(found) == count:
                    break
        return found

    def start(done):
        batches = RepeatableBatchSampler(make(Noise()), 3)
        batches.start(0, done)
        return batches

    assert first(start(done), 6) == first(start(0), 6 + done)[done:]
