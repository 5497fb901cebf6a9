# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Optional

import numpy as np
from mmpose.datasets.transforms import LoadImage
from mmpose.registry import TRANSFORMS


@TRANSFORMS.register_module()
class LoadImageOnce(LoadImage):
    """LoadImage that decodes an image once for consecutive people in it.

    For top-down evaluation, where the people of an image follow each other,
    as they do in a COCO annotation or detection file read without shuffling:
    with 20 boxes per image most of a loader's time goes into decoding the
    same file again. Remembers one image per worker process.

    The image is read-only, because other samples share it; a transform that
    writes into its input fails instead of spoiling them. Takes the arguments
    of LoadImage.
    """

    _path: Optional[str] = None
    _img: Optional[np.ndarray] = None

    def transform(self, results: dict) -> Optional[dict]:
        """Load the image of one sample; adds what LoadImage adds.

        Args:
            results: Has ``img_path``.
        """
        if 'img' in results:
            return super().transform(results)
        if results['img_path'] == self._path:
            return super().transform(dict(results, img=self._img))
        results = super().transform(results)
        if results is not None:
            self._path, self._img = results['img_path'], results['img']
            self._img.setflags(write=False)
        return results
