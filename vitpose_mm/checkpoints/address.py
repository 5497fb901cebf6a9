# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import re
from typing import NamedTuple, Optional
from urllib.parse import parse_qsl

from .read import CheckpointError

HTTP, HUB = ('http://', 'https://'), 'hf://'
SHA256 = re.compile('[0-9a-f]{64}')


class Address(NamedTuple):
    """A checkpoint that is to be downloaded.

    Args:
        url: What the address is without its fragment.
        sha256: Of the file, 64 hexadecimal digits; None if not stated.
        dataset: What to take out of a joint ViTPose+ file; None for all.
    """

    url: str
    sha256: Optional[str] = None
    dataset: Optional[str] = None


def is_address(filename: str) -> bool:
    """Whether a checkpoint is to be downloaded."""
    return filename.startswith((*HTTP, HUB))


def parse_address(text: str) -> Address:
    """Split an address from what is said after ``#``: ``sha256=...``,
    ``dataset=...``, or both with ``&`` between them.

    Raises:
        CheckpointError: If something else is said.
    """
    url, _, fragment = text.partition('#')
    stated = dict(parse_qsl(fragment, keep_blank_values=True))
    unknown = set(stated) - set(Address._fields[1:])
    digest = stated.get('sha256')
    if unknown or fragment and not stated or (
            digest is not None and not SHA256.fullmatch(digest)):
        raise CheckpointError(
            f'{text}: after # an address has sha256= and 64 hexadecimal '
            'digits, dataset= and a name, or both with & between them')
    return Address(url, **stated)
