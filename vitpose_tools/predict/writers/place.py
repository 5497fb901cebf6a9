# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, List, Optional, Set

from vitpose_mm.fileio import write_beside
from ..errors import PredictError
from ..frame import Frame
from ..poses import Skeleton

# Not allowed in names on one system or another.
FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f]+')


class WritersError(PredictError):
    """Results cannot be written; the message says why and what to do."""


@dataclass
class Place:
    """Where the writers of a run put their files.

    Args:
        out: The folder of the results.
        work: A folder in it, for files that are not complete yet.
        skeleton: Of the keypoints.
        image_id: Of a frame in a boxes file, None where it has none.
        files: What is complete: files, or folders of many.
        notes: Sentences about what was not as one might expect.
        used: Names that are taken, in lower case: some file systems do not
            tell upper from lower.
    """

    out: Path
    work: Path
    skeleton: Skeleton
    image_id: Callable[[Frame], Optional[int]]
    files: List[Path] = field(default_factory=list)
    notes: List[str] = field(default_factory=list)
    used: Set[str] = field(default_factory=set)

    def free_name(self, source: str, ending: str) -> str:
        """A file name that nobody has: the stem of a source and an ending;
        with the source's folder before it, or a number behind, if taken."""
        parts = [FORBIDDEN.sub('_', part) for part in re.split(
            r'[/\\]', source) if FORBIDDEN.sub('', part)] or ['image']
        stem = re.sub(r'\.\w{1,5}$', '', parts[-1]) or parts[-1]
        name, number = f'{stem}{ending}', 1
        if name.lower() in self.used and len(parts) > 1:
            stem = f'{parts[-2]}_{stem}'
            name = f'{stem}{ending}'
        while name.lower() in self.used:
            number += 1
            name = f'{stem}_{number}{ending}'
        self.used.add(name.lower())
        return name

    def finish(self, partial: Path, name: str) -> None:
        """Give a complete file of the work folder its name in ``out``."""
        target = self.out / name
        write_beside(target, lambda path: os.replace(partial, path))
        self.files.append(target)
