# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import math
from typing import Iterator, List, Optional, Sequence

import numpy as np
from mmengine.dataset import ConcatDataset
from mmengine.dist import get_dist_info, sync_random_seed
from mmpose.registry import DATA_SAMPLERS
from torch.utils.data import Sampler


@DATA_SAMPLERS.register_module()
class MultiDatasetSampler(Sampler):
    """Mix the datasets of a ConcatDataset in chosen shares.

    An epoch is as long as all datasets together. Left alone, it shows every
    sample once, so that each dataset has the share of its length. Otherwise a
    dataset of n samples with a quota of q per epoch goes on, epoch after
    epoch, through its shuffled samples, shuffled anew after each n: no sample
    is ever shown more than once more often than another of its dataset.

    What epoch e shows depends on the seed and e alone, whatever ran before
    and on however many processes. State the seed in the config, or a resumed
    run draws another.

    Args:
        dataset: The joined datasets.
        ratios: Share of each dataset, in their order; need not sum to 1.
        temperature: T gives shares proportional to length ** (1 / T): 1 keeps
            the proportions, a large T evens them out.
        seed: Random seed, the same on all processes; drawn by default.

    Raises:
        ValueError: If a share is impossible, or nothing is joined.
    """

    def __init__(self,
                 dataset: ConcatDataset,
                 ratios: Optional[Sequence[float]] = None,
                 temperature: float = 1.,
                 seed: Optional[int] = None) -> None:
        if not hasattr(dataset, 'datasets'):
            raise ValueError(
                'MultiDatasetSampler mixes the datasets of a JointDataset or '
                f'ConcatDataset, not of a {type(dataset).__name__}')
        self.lengths = [len(part) for part in dataset.datasets]
        self.quotas = find_quotas(
            sum(self.lengths), find_shares(self.lengths, ratios, temperature))
        self.rank, self.world_size = get_dist_info()
        self.num_samples = math.ceil(sum(self.lengths) / self.world_size)
        self.seed = sync_random_seed() if seed is None else seed
        self.epoch = 0

    def __len__(self) -> int:
        return self.num_samples

    def __iter__(self) -> Iterator[int]:
        drawn = [self.draw(part) for part in range(len(self.lengths))]
        indices = self.generator(len(self.lengths), self.epoch).permutation(
            np.concatenate(drawn))
        # The first samples twice, so that all processes get equally many.
        indices = np.resize(indices, self.num_samples * self.world_size)
        return iter(indices[self.rank::self.world_size].tolist())

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch, from 0, that the next iteration is of."""
        self.epoch = epoch

    def draw(self, part: int) -> np.ndarray:
        """What this epoch shows of one dataset.

        Returns:
            Indices into the ConcatDataset, shape (quota,).
        """
        length, quota = self.lengths[part], self.quotas[part]
        start = self.epoch * quota
        first, last = start // length, (start + quota - 1) // length
        rounds = [
            self.generator(part, i).permutation(length)
            for i in range(first, last + 1)
        ]
        skip = start - first * length
        return (np.concatenate(rounds)[skip:skip + quota] +
                sum(self.lengths[:part]))

    def generator(self, stream: int, step: int) -> np.random.Generator:
        """Random numbers of one use: a stream per dataset and one more."""
        return np.random.default_rng([self.seed, stream, step])


def find_shares(lengths: Sequence[int], ratios: Optional[Sequence[float]],
                temperature: float) -> np.ndarray:
    """Shares of datasets, which sum to 1.

    Raises:
        ValueError: If a dataset is empty or an argument is wrong.
    """
    if not all(lengths):
        raise ValueError(f'dataset {list(lengths).index(0)} of the '
                         'ConcatDataset is empty; leave it out')
    if ratios is None:
        if not temperature > 0:
            raise ValueError(f'temperature={temperature} must be positive')
        # Relative to the longest: no overflow for a small temperature.
        weights = (np.array(lengths) / max(lengths))**(1 / temperature)
        return weights / weights.sum()
    if temperature != 1:
        raise ValueError(f'ratios={list(ratios)} and '
                         f'temperature={temperature}: choose one of them')
    weights = np.array(ratios, dtype=float)
    if weights.shape != (len(lengths), ):
        raise ValueError(f'ratios={list(ratios)} must be {len(lengths)} '
                         'numbers, one per dataset')
    if not (np.isfinite(weights) & (weights > 0)).all():
        raise ValueError(f'ratios={list(ratios)} must be positive; to leave '
                         'a dataset out, take it out of the ConcatDataset')
    return weights / weights.sum()


def find_quotas(total: int, shares: np.ndarray) -> List[int]:
    """Split an epoch of ``total`` samples by shares that sum to 1.

    Returns:
        Samples per dataset; they sum to total, and each differs from its
        exact part by less than 1 (largest remainders).

    Raises:
        ValueError: If a dataset would get nothing.
    """
    exact = shares * total
    quotas = np.floor(exact).astype(int)
    missing = total - quotas.sum()
    quotas[np.argsort(quotas - exact, kind='stable')[:missing]] += 1
    if not quotas.all():
        raise ValueError(
            f'dataset {quotas.argmin()} has a share of {shares.min():.2g}, '
            f'less than one of the {total} samples of an epoch')
    return quotas.tolist()
