# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Find the pictures that labels name, on this machine."""
import os
import re
import unicodedata
from collections import Counter
from pathlib import Path
from typing import Dict, Iterable, List, Optional, Tuple

IMAGE_SUFFIXES = ('.bmp', '.jpeg', '.jpg', '.png', '.tif', '.tiff', '.webp')


def normalise(name: str) -> str:
    """Give a path of any system '/' between folders and no drive letter."""
    return re.sub(r'^[A-Za-z]:', '', str(name).replace('\\', '/'))


def parts_of(name: str) -> Tuple[str, ...]:
    """Split a normalised path; '.', '..' and empty parts are left out."""
    return tuple(part for part in normalise(name).split('/')
                 if part not in ('', '.', '..'))


def out_name(name: str) -> str:
    """A relative path that stays inside the folder it is joined to, and that
    every file system takes.

    Args:
        name: Path of the source.
    """
    safe = (re.sub(r'[\x00-\x1f<>:"|?*]', '_', part) for part in
            parts_of(name))
    return '/'.join(safe) or 'picture'


class Finder:
    """Find files by what another machine called them.

    A name is tried as it stands, then with fewer and fewer of its leading
    folders below each root; never with so few that two names of the source
    would be the same.

    Args:
        names: All names of the source.
        roots: Folders, the likeliest first.
    """

    def __init__(self, names: Iterable[str], roots: List[Path]) -> None:
        names = {parts_of(name) for name in names}
        self.roots = list(dict.fromkeys(roots))
        self.shortest = 1
        longest = max(map(len, names), default=1)
        while self.shortest < longest and max(Counter(
                name[-self.shortest:] for name in names).values()) > 1:
            self.shortest += 1

    def find(self, name: str) -> Optional[Path]:
        """The file, or None."""
        if any(ord(letter) < 32 for letter in name):
            return None
        for form in dict.fromkeys((name, unicodedata.normalize('NFC', name),
                                   unicodedata.normalize('NFD', name))):
            found = self._find(normalise(form))
            if found is not None:
                return found
        return None

    def _find(self, name: str) -> Optional[Path]:
        for candidate in self._candidates(name):
            try:
                if candidate.is_file():
                    return candidate.absolute()
            except OSError:  # a name that is too long
                return None
        return None

    def _candidates(self, name: str) -> Iterable[Path]:
        if os.path.isabs(name):
            yield Path(name)
        parts = parts_of(name)
        for root in self.roots:
            if not os.path.isabs(name):
                yield root / name
            for number in range(len(parts), self.shortest - 1, -1):
                yield root.joinpath(*parts[-number:])


def frame_number(name: str) -> Optional[int]:
    """The number that a file's name ends with."""
    found = re.search(r'(\d{1,15})$', source_stem(name))
    return int(found.group(1)) if found else None


def source_stem(name: str) -> str:
    """A file's name without its suffix, and without what Roboflow adds to the
    copies of one picture."""
    file = parts_of(name)[-1] if parts_of(name) else ''
    file = file.split('.rf.')[0]
    stem = file.rsplit('.', 1)[0] if '.' in file else file
    return re.sub(r'_(jpe?g|png|bmp|tiff?|webp)$', '', stem)


def video_of(name: str) -> str:
    """What video a picture seems to be of: its folder and what is before the
    number at its name's end."""
    folder = '/'.join(parts_of(name)[:-1])
    stem = re.sub(r'[-_ .]*\d+$', '', source_stem(name))
    return '/'.join(part for part in (folder, stem) if part)


def natural(name: str) -> List:
    """Key that sorts 'img2' before 'img10'."""
    return [(int(part), '') if part.isdigit() else (-1, part)
            for part in re.split(r'(\d+)', name)]


def index_pictures(folder: Path) -> Dict[str, Path]:
    """Stem to file, of the pictures directly in a folder."""
    return {path.stem: path for path in sorted(folder.iterdir())
            if path.suffix.lower() in IMAGE_SUFFIXES}
