# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import List, Tuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vitpose_mm.names import KeypointName, NameFilters, NameVectors
from vitpose_mm.names.keypoint_name import PLACES, SIDES

# At least so near are two vectors of one name, whatever the machine that made
# them.
SAME = 0.99


class NamedConv(nn.Module):
    """A convolution with a filter for each of K keypoints, made of its name.

    ``vectors`` (K, dim), ``sides`` and ``places`` (K, ) are what of, and
    ``seen`` (K, ) tells whether a label of the keypoint was trained on.

    Args:
        filters: What makes them; whoever owns it registers it.
        names: Of the keypoints.
        vectors: Where their vectors are.
        padding: In pixels of the maps.
        is_saved: Whether checkpoints hold what the filters are made of.

    Raises:
        UnknownName: If a name has no vector.
    """

    def __init__(self, filters: NameFilters, names: List[KeypointName],
                 vectors: NameVectors, padding: int = 0,
                 is_saved: bool = True) -> None:
        super().__init__()
        self.names = names
        self.padding = padding
        # Several convolutions share it: in a tuple it is nobody's child.
        self.shared = (filters, )
        # Vectors are read; what is made here is on the device of the moment.
        place = torch.empty(0).device
        for key, value in dict(
                vectors=vectors(names).to(place),
                sides=torch.tensor([SIDES.index(n.side) for n in names]),
                places=torch.tensor([PLACES.index(n.place) for n in names]),
                seen=torch.zeros(len(names), dtype=torch.bool)).items():
            self.register_buffer(key, value, persistent=is_saved)

    def forward(self, maps: Tensor) -> Tensor:
        """Turn maps (B, C, h, w) into heatmaps (B, K, h, w)."""
        return F.conv2d(maps, *self.filters(), padding=self.padding)

    def filters(self) -> Tuple[Tensor, Tensor]:
        """Weights (K, C, k, k) and biases (K, ) of the convolution."""
        return self.shared[0](self.vectors, self.sides, self.places)

    @torch.no_grad()
    def fold(self) -> nn.Conv2d:
        """The plain convolution with the same outputs."""
        weight, bias = self.filters()
        K, C, k, _ = weight.shape
        conv = nn.Conv2d(C, K, k, padding=self.padding).to(weight)
        conv.weight.copy_(weight)
        conv.bias.copy_(bias)
        return conv

    def note(self, keypoint_weights: Tensor) -> None:
        """Note which keypoints are learned, of weights (B, K)."""
        self.seen |= (keypoint_weights > 0).any(0)

    def _load_from_state_dict(self, state_dict: dict, prefix: str,
                              *args: object) -> None:
        """Keep the names of the config; a file only tells what was seen.

        Raises:
            ValueError: If the file's vectors are of another encoder.
        """
        vectors = state_dict.get(f'{prefix}vectors')
        is_same = vectors is not None and vectors.shape == self.vectors.shape
        if is_same:
            cosines = (vectors.to(self.vectors) * self.vectors).sum(1)
            if bool((cosines < SAME).all()):
                raise ValueError(
                    'the checkpoint was trained with name vectors of another '
                    f"encoder: none of '{prefix}vectors' is that of its name; "
                    'give the head the encoder of the training')
            is_same = bool((cosines >= SAME).all())
        for key in ('vectors', 'sides', 'places', 'seen'):
            if f'{prefix}{key}' in state_dict and not (
                    key == 'seen' and is_same):
                state_dict[f'{prefix}{key}'] = getattr(self, key)
        super()._load_from_state_dict(state_dict, prefix, *args)
