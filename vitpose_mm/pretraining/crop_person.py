# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import math

from mmcv.transforms import BaseTransform
from mmpretrain.registry import TRANSFORMS


@TRANSFORMS.register_module()
class CropPerson(BaseTransform):
    """Cut a person's box out of the image, as far as it lies inside.

    Reads ``crop``, (left, top, right, bottom) in pixels of the image, and
    ``img``; changes ``img`` and ``img_shape``.
    """

    def transform(self, results: dict) -> dict:
        """Cut.

        Args:
            results: Sample of a PersonCropDataset with its image.

        Returns:
            The sample.

        Raises:
            ValueError: If no pixel of the box lies inside the image.
        """
        h, w = results['img'].shape[:2]
        left, top, right, bottom = results['crop']
        left, top = max(math.floor(left), 0), max(math.floor(top), 0)
        right, bottom = min(math.ceil(right), w), min(math.ceil(bottom), h)
        if left >= right or top >= bottom:
            raise ValueError(
                f"{results['img_path']} has {w}x{h} pixels (w x h), and the "
                f"box {results['crop']} of a person lies outside; do the "
                'annotations belong to these images?')
        results['img'] = results['img'][top:bottom, left:right]
        results['img_shape'] = results['img'].shape[:2]
        return results
