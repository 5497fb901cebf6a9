# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Optional, Tuple

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

from vitpose_mm.datasets.checks.image_sizes import (no_bomb_warnings,
                                                    orientation_of)

# Pixels from which an image is not decoded here, which bounds the memory.
HUGE = 50_000_000
# Differences of neighbouring pixels in a row, of rows in an image.
HASH = 16
# Standard deviation of grey levels, of 255: below, there is nothing to see.
FLAT = 2
LFS, ANNEX = b'version https://git-lfs', b'/annex/objects/'
PNG, DEEP = b'\x89PNG\r\n\x1a\n', ('I', 'F')
TIFF_BITS = 258


@dataclass(frozen=True)
class ImageFile:
    """What a file of an image is.

    Args:
        fault: Kind of a fault for which it cannot be loaded, or ''.
        said: More about the fault.
        size: Width and height in pixels as OpenCV loads it, turned as EXIF
            says; None if unknown.
        orientation: EXIF's, 1 if there is none.
        cmyk: Whether it is made of printing colours.
        bits: Of each value, 8 or 16.
        digest: Of its bytes.
        picture: Difference hash (dHash) of what it shows, HASH * HASH bits;
            None if it was not decoded or is all of one colour.
    """

    fault: str = ''
    said: str = ''
    size: Optional[Tuple[int, int]] = None
    orientation: int = 1
    cmyk: bool = False
    bits: int = 8
    digest: bytes = b''
    picture: Optional[bytes] = None

    @property
    def huge(self) -> bool:
        return self.size is not None and self.size[0] * self.size[1] > HUGE


def read_image(path: Path) -> ImageFile:
    """Look at the file of an image; never raises for what it holds."""
    try:
        if not path.is_file():
            return ImageFile('image-missing')
        head, digest = read_bytes(path)
    except (OSError, ValueError) as error:  # no rights; NUL in the name
        return ImageFile('image-unreadable', first_line(error))
    if not head:
        return ImageFile('image-empty')
    if head.startswith(LFS) or ANNEX in head[:200]:
        return ImageFile('image-pointer')
    try:
        with no_bomb_warnings(), Image.open(path) as image:
            return look_at(image, head, digest)
    except Image.DecompressionBombError as error:
        return ImageFile('image-bomb', first_line(error))
    except UnidentifiedImageError:
        return read_with_opencv(path, digest)
    except (OSError, ValueError, SyntaxError, EOFError, MemoryError,
            KeyError, IndexError, TypeError, ArithmeticError) as error:
        # Pillow's decoders raise all of these for broken files.
        return ImageFile('image-unreadable', first_line(error))


def read_bytes(path: Path) -> Tuple[bytes, bytes]:
    """The first bytes of a file, and a digest of all."""
    digest = hashlib.blake2b(digest_size=16)
    with open(path, 'rb') as file:
        head = part = file.read(1 << 20)
        while part:
            digest.update(part)
            part = file.read(1 << 20)
    return head[:1024], digest.digest()


def look_at(image: Image.Image, head: bytes, digest: bytes) -> ImageFile:
    """Look at an image that Pillow has opened, but not decoded."""
    size = image.size
    orientation = orientation_of(image)
    turned = orientation in (5, 6, 7, 8)
    facts = dict(
        size=size[::-1] if turned else size,
        orientation=orientation,
        cmyk=image.mode == 'CMYK',
        bits=16 if is_deep(image, head) else 8,
        digest=digest)
    if size[0] * size[1] > HUGE:
        return ImageFile(**facts)
    try:
        # A small grey version of a JPEG takes a fraction of the time; all
        # of its bytes are read none the less.
        image.draft('L', (4 * HASH, 4 * HASH))
        image.load()
        grey = np.asarray(image.convert('F' if facts['bits'] > 8 else 'L'),
                          dtype=np.float32)
    except (OSError, ValueError, SyntaxError, EOFError, MemoryError,
            KeyError, IndexError, TypeError, ArithmeticError) as error:
        return ImageFile('image-truncated', first_line(error), **facts)
    return ImageFile(picture=hash_of(turn(grey, orientation)), **facts)


def is_deep(image: Image.Image, head: bytes) -> bool:
    """Whether values have more than 8 bits, in the file."""
    if head.startswith(PNG):
        return head[24] > 8
    bits = getattr(image, 'tag_v2', {}).get(TIFF_BITS, 8)
    return image.mode.startswith(DEEP) or max(np.atleast_1d(bits)) > 8


def turn(grey: np.ndarray, orientation: int) -> np.ndarray:
    """Turn and mirror (h, w) as EXIF says."""
    if orientation in (5, 6, 7, 8):
        grey = grey.T
    if orientation in (3, 4, 7, 8):
        grey = grey[::-1]
    return grey[:, ::-1] if orientation in (2, 3, 6, 7) else grey


def hash_of(grey: np.ndarray) -> Optional[bytes]:
    """Whether each pixel of a thumbnail is brighter than its neighbour
    (dHash), as bits; None if there is nothing to see.

    Args:
        grey: Shape (h, w).
    """
    small = cv2.resize(np.ascontiguousarray(grey, np.float32),
                       (HASH + 1, HASH), interpolation=cv2.INTER_AREA)
    if np.ptp(grey) == 0 or small.std() < FLAT:
        return None
    return np.packbits(small[:, 1:] > small[:, :-1]).tobytes()


def read_with_opencv(path: Path, digest: bytes) -> ImageFile:
    """Look at an image of a format that only OpenCV knows."""
    try:
        image = cv2.imread(str(path)) if cv2.haveImageReader(
            str(path)) else None
    except cv2.error as error:
        return ImageFile('image-unreadable', first_line(error))
    if image is None:
        return ImageFile('image-unreadable', 'no known image format')
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    return ImageFile(size=image.shape[1::-1], digest=digest,
                     picture=hash_of(grey))


def first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
