# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import json
from typing import Any, List

from .place import Place


class Stream:
    """A JSON list of unknown length, written as it comes.

    Args:
        place: Where.
        name: Of the file.
        start: Text before the first entry.
    """

    def __init__(self, place: Place, name: str, start: str) -> None:
        self.place, self.name = place, name
        self.file = open(place.work / name, 'w', encoding='utf-8')
        self.file.write(start)
        self.before = '\n'

    def add(self, entries: List[Any]) -> None:
        """Add entries, all or none of them if this is interrupted."""
        if entries:
            text = ',\n'.join(json.dumps(
                entry, ensure_ascii=False, allow_nan=False)
                for entry in entries)
            self.file.write(self.before + text)
            self.before = ',\n'

    def close(self, end: str) -> None:
        """Complete the file with the text after the last entry."""
        with self.file:
            self.file.write('\n' + end + '\n')
        self.place.finish(self.place.work / self.name, self.name)
