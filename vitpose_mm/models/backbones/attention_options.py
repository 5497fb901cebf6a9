# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from functools import wraps
from typing import Any, Callable, Dict, NamedTuple, Optional, Tuple

from vitpose_mm.ranges import is_size
from .archs import check_keys, parse_blocks


class AttentionOptions(NamedTuple):
    """A ViT's ``attention``, which documents the keys."""

    window_size: Optional[Tuple[int, int]] = None
    shift: bool = False
    pooling: bool = False
    rel_pos: bool = False
    full_attention_blocks: Tuple[int, ...] = ()

    def of_block(self, index: int) -> dict:
        """Arguments of ``WindowAttention`` for a block; all false where a
        plain ``Attention`` does."""
        is_full = (
            self.window_size is None or index in self.full_attention_blocks)
        return dict(
            window_size=None if is_full else self.window_size,
            shift=self.shift and not is_full and index % 2 == 1,
            pooling=self.pooling and not is_full,
            rel_pos=self.rel_pos)


def parse_attention(attention: Optional[dict],
                    depth: int) -> AttentionOptions:
    """Check the ``attention`` of a ViT of so many blocks.

    Raises:
        ValueError: If it is no dict, has a key or a value that is not
            possible, or one that only makes sense with windows.
    """
    fields = AttentionOptions._fields
    if not isinstance(attention, (dict, type(None))):
        raise ValueError(f'attention={attention!r} must be None, for full '
                         f'attention, or a dict of {", ".join(fields)}')
    attention = dict(attention or {})
    check_keys('attention', attention, fields)
    options = AttentionOptions(**attention)
    for name in ('shift', 'pooling', 'rel_pos'):
        value = getattr(options, name)
        if not isinstance(value, bool):
            raise ValueError(f'attention.{name}={value!r} must be True or '
                             'False')
    blocks = parse_blocks('attention.full_attention_blocks',
                          options.full_attention_blocks, depth)
    size = options.window_size
    if size is None:
        if options.shift or options.pooling or blocks:
            raise ValueError(
                f'{call(attention)} has no windows: add window_size=(h, w), '
                'or remove shift, pooling and full_attention_blocks')
    elif not is_size(size):
        raise ValueError(f'attention.window_size={size!r} must be (h, w), two '
                         'positive numbers of patches, such as (8, 8)')
    return options._replace(
        window_size=size and tuple(size), full_attention_blocks=blocks)


def call(attention: Dict[str, Any]) -> str:
    """An attention as a config writes it."""
    keys = ', '.join(f'{key}={value!r}' for key, value in attention.items())
    return f'attention=dict({keys})'


def explain_old_attention(init: Callable) -> Callable:
    """Let a backbone's constructor answer the arguments that attention had
    before it was a dict, as older configs and checkpoints hold them, with
    the dict to write.

    Raises:
        ValueError: On a call with one of them.
    """

    @wraps(init)
    def explained(self, *args, **kwargs):
        old = [name for name in AttentionOptions._fields if name in kwargs]
        kind = kwargs.get('attention')
        if old or kind in ('full', 'window'):
            new = dict(kind) if isinstance(kind, dict) else {}
            if kind == 'window':
                new['window_size'] = kwargs.get('window_size', (8, 8))
            new.update((name, kwargs[name]) for name in old)
            names = (['attention'] if isinstance(kind, str) else []) + old
            written = ', '.join(f'{key}={kwargs[key]!r}' for key in names)
            raise ValueError(f'{written}: all of attention is one dict of the '
                             f'backbone now; write {call(new)}')
        init(self, *args, **kwargs)

    explained.older = AttentionOptions._fields  # for explain_unknown_arguments
    return explained
