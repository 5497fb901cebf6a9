# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Pictures of any kind as OpenCV has them: (h, w, 3), BGR, uint8."""
import io
import warnings
from pathlib import Path
from typing import Any, Optional, Union

import cv2
import numpy as np

from .errors import PredictError

# What a folder is searched for; any other file may be named itself.
SUFFIXES = ('.avif', '.bmp', '.jp2', '.jpe', '.jpeg', '.jpg', '.pbm', '.pgm',
            '.png', '.ppm', '.tif', '.tiff', '.webp')
ORIENTATION = 0x0112
# Pixels of a side that OpenCV's warpAffine takes.
MOST = 32767


def read_image(path: Union[str, Path]) -> np.ndarray:
    """Read a file as MMPose's LoadImage does: turned as EXIF says, grey as
    three equal channels, without alpha, the high byte of 16 bits.

    Returns:
        Shape (h, w, 3), BGR, uint8.

    Raises:
        PredictError: If there is no such file, or it is no whole image.
    """
    try:
        # Not imread, which knows no other alphabets on some systems.
        content = Path(path).read_bytes()
    except FileNotFoundError:
        raise PredictError(f'{path}: there is no such file') from None
    except (OSError, ValueError) as error:  # ValueError: NUL in the name
        reason = getattr(error, 'strerror', None) or error
        raise PredictError(f'{path} cannot be read: {reason}') from error
    image = None
    if content:
        try:
            image = cv2.imdecode(
                np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
        except cv2.error:
            pass
    if image is None or is_cut(content):
        raise PredictError(f'{path} cannot be read as an image: '
                           f'{why_no_image(path, image)}')
    check_size(image, str(path))
    return image


def check_size(image: np.ndarray, name: str) -> None:
    h, w = image.shape[:2]
    if max(h, w) > MOST:
        raise PredictError(f'{name} has {w} x {h} pixels, but OpenCV cuts '
                           f'crops of at most {MOST} a side; cut it in parts')


def why_no_image(path: Union[str, Path], image: Optional[np.ndarray]) -> str:
    from vitpose_mm.fileio import why_unreadable
    if image is not None:
        return 'it ends early; download or copy it again'
    return why_unreadable(path) or (
        'it is damaged, or of a kind that OpenCV does not know; save it '
        'again, as JPEG or PNG, or take it out')


def is_cut(content: bytes) -> bool:
    """Whether a JPEG or PNG ends early; OpenCV makes up the rest in grey."""
    if content.startswith(b'\xff\xd8'):
        # The image's data, which hold no such marker, have no end.
        doubtful = content.rfind(b'\xff\xd9') < content.rfind(b'\xff\xda')
    elif content.startswith(b'\x89PNG'):
        doubtful = b'IEND' not in content[-(1 << 16):]
    else:
        return False
    if not doubtful:
        return False
    from PIL import Image
    try:
        Image.open(io.BytesIO(content)).load()
    except Exception:  # Pillow raises all kinds for broken files.
        return True
    return False


def as_image(image: Any, name: str) -> np.ndarray:
    """Bring what is in memory into OpenCV's form.

    Args:
        image: An array (h, w, 3), BGR, (h, w, 4), BGRA, or (h, w), uint8 or
            uint16, as OpenCV and MMPose have them; a tensor (3, h, w), RGB,
            or (1, h, w), uint8, or float from 0 to 1, as torchvision has
            them; or a picture of Pillow's. Of 16 bits the high byte counts.
        name: For messages.

    Returns:
        Shape (h, w, 3), BGR, uint8; the array itself if it is that.

    Raises:
        PredictError: If it is something else.
    """
    if hasattr(image, 'getexif') and hasattr(image, 'convert'):
        return of_pillow(image, name)
    if hasattr(image, 'detach') and hasattr(image, 'cpu'):
        return of_tensor(image.detach().cpu(), name)
    if not isinstance(image, np.ndarray):
        raise PredictError(
            f'{name} is a {type(image).__name__}; an image is a path, a NumPy '
            "array, a tensor or one of Pillow's")
    return of_array(image, name)


def of_array(image: np.ndarray, name: str) -> np.ndarray:
    channels = image.shape[2] if image.ndim == 3 else 1
    if image.ndim not in (2, 3) or channels not in (1, 3, 4) or \
            0 in image.shape:
        raise PredictError(
            f'{name} has the shape {image.shape}, but an array is (h, w, 3), '
            'BGR, or (h, w)')
    check_size(image, name)
    if image.dtype == np.uint16:
        image = (image >> 8).astype(np.uint8)
    if image.dtype != np.uint8:
        raise PredictError(
            f'{name} is an array of {image.dtype}, whose range is not known: '
            "bring it to 0..255 and .astype('uint8')")
    if channels == 1:
        return cv2.cvtColor(image.reshape(image.shape[:2]),
                            cv2.COLOR_GRAY2BGR)
    if channels == 3 and image.flags.c_contiguous:
        return image
    return np.ascontiguousarray(image[:, :, :3])


def of_tensor(image: Any, name: str) -> np.ndarray:
    shape = tuple(image.shape)
    if len(shape) != 3 or shape[0] not in (1, 3, 4) or 0 in shape:
        raise PredictError(
            f'{name} has the shape {shape}, but a tensor is (3, h, w), RGB; '
            'an array is (h, w, 3), BGR')
    if image.is_floating_point():
        low, high = float(image.min()), float(image.max())
        if not (0 <= low and high <= 1):  # also of NaN
            raise PredictError(
                f'{name} is a tensor from {low:.3g} to {high:.3g}; floating '
                'point ones are from 0 to 1, not normalised')
        image = (image * 255).round().byte()
    rgb = of_array(np.ascontiguousarray(image.permute(1, 2, 0).numpy()), name)
    return np.ascontiguousarray(rgb[:, :, ::-1])


def of_pillow(image: Any, name: str) -> np.ndarray:
    if image.getexif().get(ORIENTATION, 1) != 1:
        warnings.warn(
            f'{name}: EXIF says that this picture is turned, but Pillow has '
            'not turned it; keypoints are those of its pixels as they are. '
            'PIL.ImageOps.exif_transpose turns it')
    if image.mode.startswith('I;16'):
        return of_array(np.asarray(image).astype(np.uint16), name)
    if image.mode in ('I', 'F'):
        raise PredictError(
            f"{name} has Pillow's mode {image.mode}, whose range is not "
            "known: bring it to 0..255 and convert('L')")
    rgb = np.asarray(image.convert('RGB'))
    return of_array(np.ascontiguousarray(rgb[:, :, ::-1]), name)
