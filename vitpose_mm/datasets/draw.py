# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""The randomness of a sample follows from where it stands in a training."""
import random
from typing import Any, Tuple

import numpy as np
import torch
from torch.utils.data import Dataset


class Draw(int):
    """Index of a sample, with where in the training it was drawn.

    Args:
        index: In the dataset.
        place: Numbers that tell the draw from all others of a training.
    """

    place: Tuple[int, ...]

    def __new__(cls, index: int, place: Tuple[int, ...]) -> 'Draw':
        self = super().__new__(cls, index)
        self.place = place
        return self

    def __reduce__(self) -> tuple:  # workers get it from another process
        return Draw, (int(self), self.place)


class RepeatableDataset(Dataset):
    """A dataset whose transforms draw the same for the same Draw, in whatever
    worker and after whatever else.

    Args:
        dataset: Any dataset.
        seed: Of the run.
    """

    def __init__(self, dataset: Dataset, seed: int) -> None:
        self.dataset = dataset
        self.seed = seed

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> Any:
        if isinstance(index, Draw):
            seed_all(self.seed, *index.place, int(index))
        return self.dataset[int(index)]

    def __getattr__(self, name: str) -> Any:
        if name == 'dataset':  # while it is unpickled
            raise AttributeError(name)
        return getattr(self.dataset, name)


def seed_all(*numbers: int) -> None:
    """Seed Python's, NumPy's and PyTorch's random numbers by all numbers.

    Args:
        numbers: Not negative.
    """
    state = np.random.SeedSequence(numbers).generate_state(3)
    random.seed(int(state[0]))
    np.random.seed(state[1])
    torch.manual_seed(int(state[2]))
