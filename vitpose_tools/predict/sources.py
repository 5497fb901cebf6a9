# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""What a caller means by images: which files, cameras and arrays."""
import glob
import os
import re
from pathlib import Path
from typing import Any, Iterable, Iterator, List, NamedTuple, Optional

from . import images, videos
from .errors import PredictError

ADDRESS = re.compile(r'^[a-zA-Z][a-zA-Z0-9+.-]+://')
STREAMS = ('rtsp://', 'rtmp://', 'udp://')


class Missing(NamedTuple):
    """What a path or pattern does not lead to."""

    source: str
    reason: str


class Sources:
    """Paths of images and videos, cameras, and images in memory.

    Args:
        given: What the caller gave, item by item.
        is_single: Whether that was one image.
    """

    def __init__(self, given: Iterable[Any], is_single: bool = False) -> None:
        self.given, self.is_single = given, is_single
        self.known: Optional[List[Any]] = None
        if isinstance(given, list):
            self.known = [each for one in given for each in expand(one)]
            self.is_single = is_single and len(self.known) == 1 and not \
                isinstance(self.known[0], Missing)

    def __iter__(self) -> Iterator[Any]:
        if self.known is not None:
            return iter(self.known)
        return (each for one in self.given for each in expand(one))


def find_sources(given: Any) -> Sources:
    """Tell one image from several; see Inputs.

    Raises:
        PredictError: If it is neither.
    """
    if isinstance(given, (str, os.PathLike)):
        return Sources([given], is_one_file(os.fspath(given)))
    if is_array(given):
        dims = getattr(given, 'ndim', 3)  # pictures of Pillow's have none
        return Sources(list(given)) if dims == 4 else Sources([given], True)
    if isinstance(given, (list, tuple)):
        return Sources(list(given))
    if isinstance(given, (bytes, dict)) or not hasattr(given, '__iter__'):
        raise PredictError(
            f'images are a {type(given).__name__}; give a path, an array, a '
            'tensor, a picture of Pillow, or a list or generator of these')
    return Sources(given)


def is_array(source: Any) -> bool:
    """Whether it is an image in memory: of NumPy, PyTorch or Pillow."""
    return hasattr(source, 'ndim') or hasattr(source, 'getexif')


def is_one_file(path: str) -> bool:
    return not (is_video(path) or is_live(path) or os.path.isdir(path)
                or is_pattern(path))


def is_video(source: Any) -> bool:
    return isinstance(source, str) and \
        source.lower().endswith(videos.SUFFIXES) and not is_live(source)


def is_live(source: Any) -> bool:
    """Whether frames come at their own pace and are wanted at once."""
    return isinstance(source, str) and source.startswith(
        (videos.CAMERA, *STREAMS))


def is_pattern(path: str) -> bool:
    return glob.has_magic(path) and not os.path.exists(path)


def expand(source: Any) -> List[Any]:
    """Files of a folder or pattern in natural order ('2' before '10'), as
    strings; any other source as it is."""
    if not isinstance(source, (str, os.PathLike)):
        return [source]
    path = os.fspath(source)
    if is_live(path):
        return [path]
    if ADDRESS.match(path):
        return [Missing(path, f'{path} is an address; download it first')]
    if os.path.isdir(path):
        found = [str(each) for each in Path(path).iterdir()
                 if is_wanted(each)]
        deeper = '' if found else \
            f"; '{os.path.join(path, '**', '*.jpg')}' looks deeper"
        return natural(found) or [Missing(
            path, f'{path} holds no image or video{deeper}')]
    if is_pattern(path):
        found = [each for each in glob.glob(path, recursive=True)
                 if os.path.isfile(each)]
        return natural(found) or [Missing(
            path, f'{path}: there is no file of this pattern')]
    return [path]


def is_wanted(path: Path) -> bool:
    return path.is_file() and not path.name.startswith('.') and \
        path.suffix.lower() in images.SUFFIXES + videos.SUFFIXES


def natural(paths: List[str]) -> List[str]:
    return sorted(paths, key=lambda path: [
        (0, int(part), '') if part.isdigit() else (1, 0, part)
        for part in re.split(r'(\d+)', path)])
