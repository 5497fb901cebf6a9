# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Dict, Tuple

import numpy as np
from mmpose.datasets.transforms import BottomupGetHeatmapMask
from mmpose.registry import TRANSFORMS
from pycocotools import mask


@TRANSFORMS.register_module()
class BottomupGetCrowdMask(BottomupGetHeatmapMask):
    """Leave crowds and people without keypoints out of the heatmap loss.

    They are people, so a heatmap that finds them is not wrong. MMPose's
    transform overlooks the run-length masks in which COCO stores crowds,
    fails with NumPy 2, and leaves out what lies beyond the image's border,
    where the network could then find people in the padding.
    """

    def __init__(self) -> None:
        super().__init__(get_invalid=True)

    def transform(self, results: Dict) -> Dict:
        """Add ``heatmap_mask``, (H, W) of the heatmaps, bool: true where the
        loss counts.

        Args:
            results: Sample after affine transform, flip and target
                generation; ``invalid_segs`` are the people to leave out, as
                COCO stores masks, in pixels of the image file.
        """
        results = super().transform(results)
        results['heatmap_mask'] = ~results['heatmap_mask']
        return results

    def _segs_to_mask(self, segs: list, img_shape: Tuple[int,
                                                         int]) -> np.ndarray:
        """Draw polygons and run-length masks, (h, w), uint8."""
        rles = []
        for seg in filter(None, segs):
            if isinstance(seg, list):
                # Exports also have polygons of no or two points.
                polygons = [points for points in seg if len(points) >= 6]
                if polygons:
                    rles += mask.frPyObjects(polygons, *img_shape)
            elif isinstance(seg['counts'], list):
                rles.append(mask.frPyObjects(seg, *img_shape))
            else:
                rles.append(seg)
        if not rles:
            return np.zeros(img_shape, np.uint8)
        return mask.decode(mask.merge(rles))
