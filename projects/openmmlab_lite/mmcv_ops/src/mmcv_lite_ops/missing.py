# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""What stands for an operator that is not here."""
from typing import Any, Callable


def missing_operator(name: str) -> Callable:
    """Function that raises an error naming the operator and the cure."""

    def missing(*args: Any, **kwargs: Any) -> None:
        raise NotImplementedError(
            f"MMCV's operator {name} is not part of mmcv-lite-ops; it needs "
            'a compiled MMCV: `pip uninstall mmcv-lite-ops mmcv-lite`, then '
            '`MMCV_WITH_OPS=1 pip install --no-build-isolation '
            '--no-binary mmcv mmcv==2.1.0`')

    missing.__name__ = name
    return missing
