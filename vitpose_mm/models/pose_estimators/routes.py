# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Dict, List, Optional, Sequence, Tuple

import torch
from mmpose.structures import PoseDataSample
from torch import Tensor


class Routes:
    """Which head, and expert, serves the samples of a dataset.

    Args:
        names: dataset_name of each head, in the order of the experts.
        aliases: Other dataset_name to one of ``names``.
        chosen: dataset_name whose way all samples go; by default each goes
            its own.

    Raises:
        ValueError: If an alias or ``chosen`` leads to no head.
    """

    def __init__(self, names: Sequence[str], aliases: Dict[str, str],
                 chosen: Optional[str]) -> None:
        self.names = list(names)
        self.aliases = aliases
        self.chosen = chosen
        for name in (*aliases, *filter(None, [chosen])):
            self.index(name)

    def index(self, dataset_name: Optional[str]) -> int:
        """Position of the head that serves a dataset.

        Raises:
            ValueError: If none does.
        """
        name = self.aliases.get(dataset_name, dataset_name)
        if name not in self.names:
            raise ValueError(
                f"no head serves the dataset '{dataset_name}'; the model has "
                f'heads for {self.names} and the aliases {self.aliases}. Add '
                'a head, or an alias to one with the same keypoints, or '
                'choose one for all samples with test_cfg.dataset')
        return self.names.index(name)

    def only(self, name: str) -> 'Routes':
        """The routes to one head, when the others are gone."""
        aliases = {key: head for key, head in self.aliases.items()
                   if head == name}
        return Routes([name], aliases, self.chosen)

    def indices(self, data_samples: Sequence[PoseDataSample],
                training: bool) -> List[int]:
        """Head of each sample; training knows no chosen dataset."""
        if self.chosen is not None and not training:
            return [self.index(self.chosen)] * len(data_samples)
        return [
            self.index(sample.metainfo.get('dataset_name'))
            for sample in data_samples
        ]

    def groups(self, data_samples: Sequence[PoseDataSample],
               training: bool) -> Dict[Tuple[int, Tuple[int, ...]], List[int]]:
        """Samples by head and flip order, in the order of the heads.

        A head takes one flip order for all of its samples, and two datasets
        of one head may have two.
        """
        keys = [(index, tuple(sample.metainfo.get('flip_indices', ())))
                for index, sample in zip(
                    self.indices(data_samples, training), data_samples)]
        return {
            key: [i for i, other in enumerate(keys) if other == key]
            for key in sorted(set(keys))
        }


def reorder(inputs: Tensor, order: Sequence[int]) -> Tensor:
    """Put samples in another order; no copy if it is theirs already."""
    if list(order) == list(range(len(order))):
        return inputs
    return inputs[torch.tensor(order).to(inputs.device, non_blocking=True)]


def split(feats: Tuple[Tensor, ...],
          lengths: Sequence[int]) -> List[Tuple[Tensor, ...]]:
    """Cut maps (B, C, h, w) along the batch, without copies."""
    return list(zip(*(maps.split(list(lengths)) for maps in feats)))


def flip_as(data_samples: Sequence[PoseDataSample], dataset_name: str,
            metainfo: Optional[dict]) -> None:
    """Let samples flip as one dataset does, whatever their own.

    Args:
        data_samples: Samples of any datasets.
        dataset_name: Test_cfg.dataset of their model.
        metainfo: Of that dataset, None if unknown.

    Raises:
        ValueError: If it is unknown, and a sample is of another dataset.
    """
    for sample in data_samples:
        name = sample.metainfo.get('dataset_name')
        if name == dataset_name:
            continue
        if metainfo is None:
            raise ValueError(
                f"the flip test of '{name}' as '{dataset_name}', the "
                'test_cfg.dataset, needs its flip order, and no registered '
                'dataset has this name: give the model '
                'metainfo=dict(from_file=...)')
        sample.set_metainfo(dict(flip_indices=metainfo['flip_indices']))
