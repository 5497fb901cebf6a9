# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import weakref
from typing import Any, Optional, Tuple


class WeakLink:
    """A weak reference whose copies lead nowhere.

    EMA and users copy and pickle a model with its forward hooks. A hook that
    holds what it needs through such a link keeps nothing alive, and does
    nothing in the copy.

    Args:
        target: What it leads to.
    """

    def __init__(self, target: Optional[Any] = None) -> None:
        self._ref = None if target is None else weakref.ref(target)

    def __call__(self) -> Optional[Any]:
        """The target; None if it is gone or this is a copy."""
        return self._ref and self._ref()

    def __reduce__(self) -> Tuple[type, tuple]:
        return WeakLink, ()
