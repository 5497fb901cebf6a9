# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Arguments that are out of their range, in one sentence each.

All raise ValueError, with the argument's name and value.
"""
from numbers import Integral, Real
from typing import Any, Sequence


def is_size(value: Any, least: int = 1) -> bool:
    """Whether a value is two integers from ``least`` on."""
    return isinstance(value, (tuple, list)) and len(value) == 2 and all(
        is_integer(side) and side >= least for side in value)


def is_integer(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def check_size(name: str, value: Any, order: str, least: int = 1) -> None:
    """Refuse what is no size; ``order`` is '(h, w)' or '(w, h)'."""
    if not is_size(value, least):
        raise ValueError(f'{name}={value!r} must be {order}, two whole '
                         f'numbers from {least} on')


def check_count(name: str, value: Any, least: int) -> None:
    """Refuse what is no integer from ``least`` on."""
    if not is_integer(value) or value < least:
        raise ValueError(f'{name}={value!r} must be a whole number from '
                         f'{least} on')


def check_odd(name: str, value: Any) -> None:
    """Refuse what is no odd positive integer."""
    if not is_integer(value) or value < 1 or value % 2 == 0:
        raise ValueError(f'{name}={value!r} must be odd and positive')


def check_positive(name: str, value: Any) -> None:
    """Refuse what is no number above 0."""
    if not isinstance(value, Real) or not 0 < value < float('inf'):
        raise ValueError(f'{name}={value!r} must be positive')


def check_shares(values: dict) -> None:
    """Refuse what is no number from 0 to 1; ``values`` by name."""
    for name, value in values.items():
        if not isinstance(value, Real) or not 0 <= value <= 1:
            raise ValueError(f'{name}={value!r} must lie in [0, 1]')


def check_order(name: str, values: Sequence[int]) -> None:
    """Refuse what does not name each of 0, 1, ..., n - 1 once."""
    if sorted(values) != list(range(len(values))):
        raise ValueError(f'{name}={list(values)!r} must have each of 0 to '
                         f'{len(values) - 1} once')
