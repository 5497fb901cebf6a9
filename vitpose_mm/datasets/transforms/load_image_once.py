# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import os
from typing import Optional, Tuple

import numpy as np
from mmpose.registry import TRANSFORMS

from .load_checked_image import LoadCheckedImage


@TRANSFORMS.register_module()
class LoadImageOnce(LoadCheckedImage):
    """LoadCheckedImage that decodes an image once for the people in it.

    For top-down evaluation, where the people of an image follow each other,
    as they do in a COCO annotation or detection file read without shuffling:
    with 20 boxes per image most of a loader's time goes into decoding the
    same file again. Remembers one image per worker process, and only as long
    as the file keeps its size and times; what is no file on this machine is
    loaded each time.

    The image is read-only, because other samples share it; a transform that
    writes into its input fails instead of spoiling them. Takes the arguments
    of LoadImage.
    """

    _file: Optional[Tuple] = None
    _img: Optional[np.ndarray] = None

    def transform(self, results: dict) -> Optional[dict]:
        """Load the image of one sample; adds what LoadImage adds.

        Args:
            results: Has ``img_path``, or the image itself in ``img``.

        Raises:
            ValueError: If ``img`` is not (h, w, 3), or the file is no image.
            FileNotFoundError: If there is no such file.
        """
        if 'img' in results:
            return super().transform(results)
        # Asked before the file is read: a later change is noticed next time.
        file = identify(results['img_path'])
        if file is not None and file == self._file:
            return super().transform(dict(results, img=self._img))
        results = super().transform(results)
        if results is not None:
            self._file, self._img = file, results['img']
            self._img.setflags(write=False)
        return results


def identify(path: str) -> Optional[Tuple]:
    """What changes with a file's content.

    Returns:
        None if it is no file on this machine.
    """
    try:
        stat = os.stat(path)
    except OSError:
        return None
    return (path, stat.st_ino, stat.st_size, stat.st_mtime_ns,
            stat.st_ctime_ns)
