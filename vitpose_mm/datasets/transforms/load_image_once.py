# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import os
from typing import Dict, Optional, Tuple

import numpy as np
from mmpose.registry import TRANSFORMS

from .load_checked_image import LoadCheckedImage


@TRANSFORMS.register_module()
class LoadImageOnce(LoadCheckedImage):
    """LoadCheckedImage that decodes an image once for the people in it.

    For top-down evaluation, where the people of an image follow each other,
    as they do in a COCO annotation or detection file read without shuffling:
    with 20 boxes per image most of a loader's time goes into decoding the
    same file again. Each worker process remembers the images it used last,
    and only as long as a file keeps its size and times; what is no file on
    this machine is loaded each time.

    The image is read-only, because other samples share it; a transform that
    writes into its input fails instead of spoiling them.

    Args:
        num_images: Images to remember. 1 serves boxes that follow each other;
            a small training set stays in memory with as many as it has.
        to_float32, color_type, imdecode_backend: As in LoadImage.
        ignore_empty, backend_args: As in LoadImage.

    Raises:
        ValueError: If num_images is not positive.
    """

    def __init__(self,
                 num_images: int = 1,
                 to_float32: bool = False,
                 color_type: str = 'color',
                 imdecode_backend: str = 'cv2',
                 ignore_empty: bool = False,
                 backend_args: Optional[dict] = None) -> None:
        if num_images < 1:
            raise ValueError(f'num_images={num_images} must be positive')
        super().__init__(
            to_float32=to_float32,
            color_type=color_type,
            imdecode_backend=imdecode_backend,
            ignore_empty=ignore_empty,
            backend_args=backend_args)
        self.num_images = num_images
        # From the file, as identify() knows it; the last one used is last.
        self._images: Dict[Tuple, np.ndarray] = {}

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
        if file in self._images:
            image = self._images[file] = self._images.pop(file)
            return super().transform(dict(results, img=image))
        results = super().transform(results)
        if results is not None and file is not None:
            results['img'].setflags(write=False)
            self._images[file] = results['img']
            if len(self._images) > self.num_images:
                self._images.pop(next(iter(self._images)))
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
