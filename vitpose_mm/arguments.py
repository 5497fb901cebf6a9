# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""What a config writes for a class of this package is an argument of it, or
the message says which one it may be meant for."""
import inspect
from difflib import get_close_matches
from functools import wraps
from types import ModuleType
from typing import Any, Sequence

from mmengine.registry import Registry


def explain_unknown_arguments(package: str, registries: ModuleType) -> None:
    """Let each registered class of a package answer an argument that it does
    not have with those that it has.

    Args:
        package: Name of the package.
        registries: Module with the registries that its classes are in.
    """
    for registry in vars(registries).values():
        if not isinstance(registry, Registry):
            continue
        for cls in registry.module_dict.values():
            if cls.__module__.startswith(f'{package}.'):
                explain(cls)


def explain(cls: type) -> None:
    """Replace a class's constructor, once, by one that names an unknown
    argument, also where the class that it is made of would take any. Names in
    ``older`` of a constructor are left to it: it knows what they are now."""
    init = cls.__init__
    if getattr(init, 'explained_for', None) is cls:
        return
    params = [] if init is object.__init__ else [
        *inspect.signature(init).parameters.values()][1:]
    known = [param.name for param in params if param.kind not in (
        param.VAR_POSITIONAL, param.VAR_KEYWORD)]

    @wraps(init)
    def explained(self, *args: Any, **kwargs: Any) -> None:
        unknown = [key for key in kwargs if key not in known
                   and key not in getattr(init, 'older', ())]
        # Subclasses say it for themselves.
        if unknown and type(self) is cls:
            raise TypeError(message(cls.__name__, unknown[0], known))
        init(self, *args, **kwargs)

    explained.explained_for = cls
    cls.__init__ = explained


def message(name: str, unknown: str, known: Sequence[str]) -> str:
    """Say what a class does not know, and what it does."""
    near = get_close_matches(unknown, known, 1)
    guess = f", did you mean '{near[0]}'?" if near else '.'
    return (f"{name} has no argument '{unknown}'{guess} It takes "
            f'{", ".join(known) or "none"}')
