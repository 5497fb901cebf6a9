# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Whether a field of a published file holds what it should."""
import math
from typing import Dict, Sequence

from .json_file import AnnotationError


def check_fields(record: object, where: str,
                 kinds: Dict[str, Sequence[type]]) -> None:
    """Refuse a record that lacks a field or has it in another form.

    Args:
        record: Of the file.
        where: Its place in the file, in words.
        kinds: Field to the types that it may have.

    Raises:
        AnnotationError: If so.
    """
    if not isinstance(record, dict):
        raise AnnotationError(f'{where} is {str(record)[:40]!r}, not a dict; '
                              'is it the published annotation file?')
    for field, types in kinds.items():
        if field not in record:
            raise AnnotationError(
                f'{where} lacks {field}: {str(record)[:80]}')
        value = record[field]
        if not isinstance(value, tuple(types)) or isinstance(value, bool):
            raise AnnotationError(
                f'{where} has {field}={str(value)[:40]!r}, which should be '
                f'{" or ".join(kind.__name__ for kind in types)}')


def is_number(value: object) -> bool:
    """Whether a value is a finite number."""
    return isinstance(value, (int, float)) and not isinstance(
        value, bool) and math.isfinite(value)


def are_numbers(value: object, count: int) -> bool:
    """Whether a value is a list of so many finite numbers."""
    return isinstance(value, list) and len(value) == count and all(
        map(is_number, value))
