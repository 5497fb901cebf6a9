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


def reorder(inputs: Tensor, order: Sequence[int]) -> Tensor:
    """Put samples in another order; no copy if it is theirs already."""
    if list(order) == list(range(len(order))):
        return inputs
    return inputs[torch.tensor(order).to(inputs.device, non_blocking=True)]


def split(feats: Tuple[Tensor, ...],
          lengths: Sequence[int]) -> List[Tuple[Tensor, ...]]:
    """Cut maps (B, C, h, w) along the batch, without copies."""
    return list(zip(*(maps.split(list(lengths)) for maps in feats)))
