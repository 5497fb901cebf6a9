# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Find the pictures that labels name, on this machine."""
import os
import re
import unicodedata
from collections import Counter
from pathlib import Path
from typing import Dict, Iterable, List, Optional, Sequence, Tuple

# What Label Studio puts before the name of an uploaded picture.
UPLOADED = r'^[0-9a-f]{8}-'
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


def is_hidden(path: Path) -> bool:
    """Whether a file is one that systems hide: macOS leaves a '._a.json' of
    its own beside each 'a.json' on other disks and in archives."""
    return path.name.startswith('.')


def frame_number(name: str) -> Optional[int]:
    """The number that a file's name ends with."""
    found = re.search(r'(\d{1,15})$', source_stem(name))
    return int(found.group(1)) if found else None


def source_stem(name: str) -> str:
    """A file's name without its suffix, and without what Roboflow adds to the
    copies of one picture and Label Studio to uploaded ones."""
    file = parts_of(name)[-1] if parts_of(name) else ''
    file = re.sub(UPLOADED, '', file.split('.rf.')[0])
    stem = file.rsplit('.', 1)[0] if '.' in file else file
    return re.sub(r'_(jpe?g|png|bmp|tiff?|webp)$', '', stem)


def frames_of(names: Sequence[str]) -> List[Tuple[str, Optional[int]]]:
    """What video each picture seems to be of, and its number in it.

    Names of one form are frames of one video where they differ in their last
    number alone; a number that all of a form have ('_v2') tells nothing.

    Args:
        names: Of all pictures.

    Returns:
        Folder and name without that number; the number, None without one.
    """
    split = [re.split(r'(\d+)', source_stem(name)) for name in names]
    folders = ['/'.join(parts_of(name)[:-1]) for name in names]
    forms = [(folder, *parts[::2]) for folder, parts in zip(folders, split)]
    seen: Dict[tuple, List[set]] = {}
    for form, parts in zip(forms, split):
        numbers = seen.setdefault(form, [set() for _ in parts[1::2]])
        for values, number in zip(numbers, parts[1::2]):
            values.add(number)
    found = []
    for folder, form, parts in zip(folders, forms, split):
        places = [2 * i + 1 for i, values in enumerate(seen[form])
                  if len(values) > 1] or list(range(1, len(parts), 2))
        number = None
        if places:
            number = int(parts[places[-1]])
            # Digits without end are no number of a frame.
            number = number if number < 10**15 else None
            parts = [*parts[:places[-1]], *parts[places[-1] + 1:]]
        stem = ''.join(parts).strip('-_ .')
        found.append(('/'.join(filter(None, (folder, stem))), number))
    return found


def natural(name: str) -> List:
    """Key that sorts 'img2' before 'img10'."""
    return [(int(part), '') if part.isdigit() else (-1, part)
            for part in re.split(r'(\d+)', name)]
