# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from dataclasses import dataclass, field
from typing import Iterable, List, Optional


@dataclass
class Report:
    """What became of a checkpoint on its way into a model or another file:
    a table for the log.

    Attributes:
        source: File that was read.
        layout: Name of its layout, None if it is none that is known.
        datasets: Those of a joint ViTPose+ file, in the order of experts.
        loaded, folded, copied, resized, guessed, ignored, missing: Lines of
            the table.
    """

    source: str
    layout: Optional[str] = None
    datasets: List[str] = field(default_factory=list)
    loaded: List[str] = field(default_factory=list)
    folded: List[str] = field(default_factory=list)
    copied: List[str] = field(default_factory=list)
    resized: List[str] = field(default_factory=list)
    guessed: List[str] = field(default_factory=list)
    ignored: List[str] = field(default_factory=list)
    missing: List[str] = field(default_factory=list)

    def without(self, feature: str) -> str:
        """Message for a file that needs what our ViT does not have."""
        return (f'{self.source} does not fit a ViTPose backbone, which '
                f'cannot have {feature}')

    def rows(self) -> List[tuple]:
        """(what happened, to what) of the table, without empty ones."""
        kinds = ('loaded', 'folded', 'copied', 'resized', 'guessed',
                 'ignored', 'missing')
        return [(kind, line) for kind in kinds for line in getattr(self, kind)]

    def table(self) -> str:
        """The table as text."""
        lines = [f'{kind:<8} {line}' for kind, line in self.rows()]
        layout = f' (layout: {self.layout})' if self.layout else ''
        return '\n  '.join([f'{self.source}{layout}', *lines])


def count_names(keys: Iterable[str], depth: int = 1) -> str:
    """Shorten names to their first ``depth`` parts: 'norm (2), cls_token'."""
    counts = {}
    for key in keys:
        first = '.'.join(key.split('.')[:depth])
        counts[first] = counts.get(first, 0) + 1
    return ', '.join(name if count == 1 else f'{name} ({count})'
                     for name, count in counts.items())
