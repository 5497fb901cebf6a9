# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Any, Optional, Tuple

import numpy as np
from mmpose.codecs.base import BaseKeypointCodec
from mmpose.registry import KEYPOINT_CODECS

from vitpose_mm.ranges import check_size

# Of a person, in square pixels: keeps its tolerances above zero.
SMALLEST_AREA = 16.


@KEYPOINT_CODECS.register_module()
class QueryPoseLabel(BaseKeypointCodec):
    """Everybody in an image as coordinates, for ``QueryPoseHead``.

    A keypoint outside of the image is not visible in it; a person without a
    visible keypoint is left out.

    Args:
        input_size: (w, h) of the training images in pixels.
    """
    auxiliary_encode_keys = {'area', 'dataset'}
    label_mapping_table = dict(
        keypoint_labels='keypoint_labels',
        keypoint_weights='keypoint_weights',
        keypoint_stds='keypoint_stds',
        areas='areas')

    def __init__(self, input_size: Tuple[int, int]) -> None:
        super().__init__()
        check_size('input_size', input_size, '(w, h)')
        self.input_size = tuple(input_size)

    def encode(self,
               keypoints: np.ndarray,
               keypoints_visible: Optional[np.ndarray] = None,
               area: Optional[np.ndarray] = None,
               dataset: Any = None) -> dict:
        """Make the labels of N people, of whom M are in the image.

        Args:
            keypoints: (x, y) in pixels of the network's input, shape
                (N, K, 2).
            keypoints_visible: Shape (N, K), 0 where there is no label.
            area: Of each person in square pixels of the input, shape (N, ),
                as in COCO's OKS.
            dataset: Where the sample is from; its metainfo has ``sigmas``.

        Returns:
            ``keypoint_labels`` (M, K, 2) in pixels, ``keypoint_weights``
            (M, K), 1 or 0, ``areas`` (M, ) and ``keypoint_stds`` (M, K):
            the distance in pixels at which OKS falls to exp(-1 / 2).

        Raises:
            ValueError: If the dataset has no sigma for each keypoint.
        """
        num_keypoints = keypoints.shape[1]
        sigmas = np.asarray(dataset.metainfo['sigmas'], np.float32).ravel()
        if len(sigmas) != num_keypoints or not (sigmas > 0).all():
            raise ValueError(
                f"the metainfo of '{dataset.metainfo.get('dataset_name')}' "
                f'has sigmas={sigmas.tolist()}; QueryPoseHead learns by OKS '
                f'and needs {num_keypoints} of them, all above 0')
        if keypoints_visible is None:
            keypoints_visible = np.ones(keypoints.shape[:2], np.float32)
        inside = ((keypoints >= 0) & (keypoints < self.input_size)).all(2)
        weights = ((keypoints_visible > 0) & inside).astype(np.float32)
        present = weights.any(1)
        areas = np.maximum(area, SMALLEST_AREA).astype(np.float32)[present]
        return dict(
            keypoint_labels=np.where(weights[..., None] > 0, keypoints,
                                     0).astype(np.float32)[present],
            keypoint_weights=weights[present],
            keypoint_stds=2 * sigmas * np.sqrt(areas)[:, None],
            areas=areas)

    def decode(self, encoded: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        """Split people (N, K, 3) into keypoints (N, K, 2), in pixels of the
        network's input, and scores (N, K)."""
        return encoded[..., :2], encoded[..., 2]
