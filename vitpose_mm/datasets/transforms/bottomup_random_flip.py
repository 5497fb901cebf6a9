# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from mmpose.datasets.transforms import RandomFlip
from mmpose.registry import TRANSFORMS


@TRANSFORMS.register_module()
class BottomupRandomFlip(RandomFlip):
    """RandomFlip for the warped image of bottom-up training.

    MMPose's transforms write ``input_size`` as (w, h), its RandomFlip reads
    it as (h, w): on an image that is not square the keypoints were mirrored
    about another axis than the image. Takes the arguments of RandomFlip.
    """

    def transform(self, results: dict) -> dict:
        """Mirror image, boxes, keypoints by chance.

        Args:
            results: Sample after an affine transform, with ``img`` (h, w, 3),
                ``input_size`` (w, h), ``keypoints`` in pixels (x, y).
        """
        w, h = results['input_size']
        results = super().transform(dict(results, input_size=(h, w)))
        results['input_size'] = (w, h)
        return results
