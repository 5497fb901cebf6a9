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

        Raises:
            ValueError: If such a mask is not as large as the image.
        """
        check_masks(results)
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


def check_masks(results: Dict) -> None:
    """Check that run-length masks are as large as the image.

    Raises:
        ValueError: If one is not.
    """
    height, width = results['img_shape'][:2]
    for seg in results.get('invalid_segs', ()):
        if isinstance(seg, dict) and tuple(seg['size']) != (height, width):
            raise ValueError(
                f'{results.get("img_path")} is {width}x{height} pixels '
                f'(w x h) as it is loaded, but the mask of a crowd in it '
                f'{seg["size"][1]}x{seg["size"][0]}; bring the annotations '
                "('segmentation' with 'size' as (h, w)) to the size of the "
                'image')
