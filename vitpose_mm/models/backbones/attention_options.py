# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import FrozenSet, NamedTuple, Optional, Sequence, Tuple

from .archs import parse_blocks


class AttentionOptions(NamedTuple):
    """Checked attention arguments of a ViT, which documents them.

    Attributes:
        window_size: None where no block has windows.
        full_blocks: Blocks with full attention beside windows, from 0.
    """

    window_size: Optional[Tuple[int, int]]
    shift: bool
    pooling: bool
    rel_pos: bool
    full_blocks: FrozenSet[int]

    def of_block(self, index: int) -> dict:
        """Arguments of ``WindowAttention`` for a block; all false where a
        plain ``Attention`` does."""
        is_full = self.window_size is None or index in self.full_blocks
        return dict(
            window_size=None if is_full else self.window_size,
            shift=self.shift and not is_full and index % 2 == 1,
            pooling=self.pooling and not is_full,
            rel_pos=self.rel_pos)


def parse_attention(attention: str, window_size: Optional[Sequence[int]],
                    shift: bool, pooling: bool, rel_pos: bool,
                    full_attention_blocks: Sequence[int],
                    depth: int) -> AttentionOptions:
    """Check the attention arguments of a ViT of so many blocks.

    Raises:
        ValueError: If one is no possible value, or one that only makes sense
            with windows is given without.
    """
    for name, value in (('shift', shift), ('pooling', pooling),
                        ('rel_pos', rel_pos)):
        if not isinstance(value, bool):
            raise ValueError(f'{name}={value!r} must be True or False')
    if attention == 'full':
        if window_size is not None or shift or pooling or \
                full_attention_blocks:
            raise ValueError(
                "attention='full' has no windows: set attention='window' or "
                'remove window_size, shift, pooling and '
                'full_attention_blocks')
    elif attention != 'window':
        raise ValueError(
            f"attention={attention!r} is neither 'full' nor 'window'")
    elif not is_size(window_size):
        raise ValueError(f'window_size={window_size!r} must be (h, w), two '
                         'positive numbers of patches, such as (8, 8)')
    return AttentionOptions(
        window_size and tuple(window_size), shift, pooling, rel_pos,
        frozenset(
            parse_blocks('full_attention_blocks', full_attention_blocks,
                         depth)))


def is_size(value: Optional[Sequence[int]]) -> bool:
    """Whether a value is two positive integers."""
    return isinstance(value, (tuple, list)) and len(value) == 2 and all(
        type(side) is int and side > 0 for side in value)
