# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Dict, List, Optional, Sequence, Tuple

import numpy as np
import torch
from mmpose.codecs.base import BaseKeypointCodec
from mmpose.registry import KEYPOINT_CODECS
from torch import Tensor

from vitpose_mm.ranges import check_odd, check_positive, check_size
from .dark import NUMERICS, find_peaks, make_blur


@KEYPOINT_CODECS.register_module()
class BatchUDPHeatmap(BaseKeypointCodec):
    """MMPose's UDPHeatmap for whole batches, on the device of the model.

    Decoding gives the keypoints of UDPHeatmap(heatmap_type='gaussian'), from
    heatmaps of any floating dtype. What UDPHeatmap answers with NaN or an
    exception is defined here: where several pixels share the maximum, the
    first in row-major order counts; a heatmap without a positive value gives
    score <= 0 and one with NaN or infinity score 0, both with a keypoint at
    heatmap pixel (-1, -1), which lies outside of the crop; where the
    refinement has no finite result, the keypoint stays on its pixel.

    Encoding packs coordinates and weights only; `draw` makes the heatmaps of
    them, which HeatmapDataPreprocessor does on the device.

    Args:
        input_size: (w, h) of the crop in pixels.
        heatmap_size: (w, h) of the heatmaps in pixels.
        sigma: Of the target's Gaussian, in heatmap pixels.
        blur_kernel_size: Taps of the smoothing before decoding, odd.
        numerics: Whose decoding to reproduce: 'mmpose', 'official' (the
            papers' code) or 'hf' (transformers). They differ in the
            smoothing, and most in keypoints at the border.

    Raises:
        ValueError: If an argument is out of its range.
    """

    label_mapping_table = dict(
        keypoint_labels='keypoint_labels', keypoint_weights='keypoint_weights')

    def __init__(self,
                 input_size: Tuple[int, int],
                 heatmap_size: Tuple[int, int],
                 sigma: float = 2.,
                 blur_kernel_size: int = 11,
                 numerics: str = 'mmpose') -> None:
        check_size('input_size', input_size, '(w, h)', 2)
        check_size('heatmap_size', heatmap_size, '(w, h)', 2)
        check_positive('sigma', sigma)
        check_odd('blur_kernel_size', blur_kernel_size)
        if numerics not in NUMERICS:
            raise ValueError(f"numerics='{numerics}' is not one of "
                             f'{list(NUMERICS)}')
        self.input_size = tuple(input_size)
        self.heatmap_size = tuple(heatmap_size)
        self.sigma = sigma
        self.blur_kernel_size = blur_kernel_size
        self.numerics = NUMERICS[numerics]
        self.scale_factor = ((np.array(input_size) - 1) /
                             (np.array(heatmap_size) - 1)).astype(np.float32)

    def encode(self,
               keypoints: np.ndarray,
               keypoints_visible: Optional[np.ndarray] = None
               ) -> Dict[str, np.ndarray]:
        """Pack the keypoints of one person for `draw`.

        Args:
            keypoints: Shape (1, K, 2), (x, y) in crop pixels.
            keypoints_visible: Shape (1, K); below 0.5 is not drawn. All are
                visible by default.

        Returns:
            keypoint_labels (1, K, 2): (x, y) in heatmap pixels; infinite for
            what is not drawn, because it is invisible or too far outside.
            keypoint_weights (1, K): The visibility, 0 for what is too far
            outside.

        Raises:
            ValueError: For more than one person.
        """
        if keypoints.shape[0] != 1:
            raise ValueError(f'{type(self).__name__} encodes one person, got '
                             f'{keypoints.shape[0]}')
        if keypoints_visible is None:
            keypoints_visible = np.ones(keypoints.shape[:2], np.float32)
        labels = (keypoints[..., :2] / self.scale_factor).astype(np.float32)
        centers = (labels + 0.5).astype(np.int64)
        radius = 3 * self.sigma
        first = (centers - radius).astype(np.int64)
        end = (centers + radius + 1).astype(np.int64)
        outside = ((first >= self.heatmap_size) | (end < 0)).any(-1)
        visible = keypoints_visible >= 0.5
        labels[outside | ~visible] = np.inf
        return dict(
            keypoint_labels=labels,
            keypoint_weights=np.where(outside & visible, 0,
                                      keypoints_visible).astype(np.float32))

    def draw(self, keypoint_labels: Sequence[Tensor]) -> List[Tensor]:
        """Draw truncated Gaussians, UDPHeatmap's targets.

        Args:
            keypoint_labels: Of each sample, shape (K, 2), from `encode`; K
                may differ between samples.

        Returns:
            Heatmaps of each sample, shape (K, H, W), on the same device.
        """
        counts = [len(labels) for labels in keypoint_labels]
        labels = torch.cat(tuple(keypoint_labels)).float()
        radius = 3 * self.sigma
        centers = (labels + 0.5).trunc()
        first = (centers - radius).trunc()
        end = (centers + radius + 1).trunc()
        # UDPHeatmap cuts the window [first, end) out of a Gaussian whose
        # middle is at this distance from its first pixel.
        middle = first + (2 * radius + 1) // 2 + (labels - centers)
        lines = []
        for axis, size in enumerate(self.heatmap_size):
            pixels = torch.arange(size, device=labels.device)
            inside = (pixels >= first[:, axis, None]) & (
                pixels < end[:, axis, None])
            squares = (pixels - middle[:, axis, None])**2
            line = (squares / (-2 * self.sigma**2)).exp()
            lines.append(torch.where(inside, line, 0.))
        return [
            y[:, :, None] * x[:, None]
            for x, y in zip(lines[0].split(counts), lines[1].split(counts))
        ]

    def decode(self, encoded: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        """Decode the heatmaps of one person; see locate."""
        keypoints, scores = self.batch_decode(torch.from_numpy(encoded)[None])
        return keypoints[0], scores[0]

    def batch_decode(
            self, batch_encoded: Tensor
    ) -> Tuple[List[np.ndarray], List[np.ndarray]]:
        """Decode the heatmaps of a batch; copies to the host once.

        Args:
            batch_encoded: Heatmaps, shape (B, K, H, W).

        Returns:
            Per sample, keypoints (1, K, 2), (x, y) in crop pixels, and
            scores (1, K).
        """
        keypoints, scores = self.locate(batch_encoded)
        both = torch.cat((keypoints, scores[..., None].double()), -1)
        both = both.cpu().numpy()
        return (list(both[:, None, :, :2]),
                list(both[:, None, :, 2].astype(np.float32)))

    @torch.no_grad()
    def locate(self, heatmaps: Tensor) -> Tuple[Tensor, Tensor]:
        """Find the keypoints of a batch, without leaving its device.

        Args:
            heatmaps: Shape (B, K, H, W), any floating dtype; computed on in
                float32 and float64, under autocast too.

        Returns:
            Keypoints (B, K, 2), (x, y) in crop pixels, float64, and scores
            (B, K), float32.

        Raises:
            ValueError: If the heatmaps have another size than heatmap_size.
        """
        W, H = self.heatmap_size
        if heatmaps.shape[2:] != (H, W):
            raise ValueError(
                f'heatmaps of {tuple(heatmaps.shape[2:])} (h, w) pixels, but '
                f'heatmap_size={self.heatmap_size} (w, h)')
        device = heatmaps.device
        blurs = [
            make_blur(size, self.blur_kernel_size, self.numerics, device)
            for size in (H, W)
        ]
        with torch.autocast(device.type, enabled=False):
            keypoints, scores = find_peaks(heatmaps.float().reshape(-1, H, W),
                                           blurs, self.numerics.rescale)
            keypoints[:, 0] *= self.input_size[0] / (W - 1)
            keypoints[:, 1] *= self.input_size[1] / (H - 1)
        return (keypoints.view(*heatmaps.shape[:2], 2),
                scores.view(heatmaps.shape[:2]))
