# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""What an exported file computes, as modules without a branch that depends on
data."""
from typing import Optional, Sequence, Tuple

import torch
from mmpose.models.utils.tta import flip_heatmaps
from torch import Tensor, nn

from vitpose_mm.codecs import BatchUDPHeatmap
from vitpose_mm.codecs.dark import Blur, find_peaks, make_blur


class CropNetwork(nn.Module):
    """From crops as OpenCV reads them to heatmaps.

    Args:
        model: A top-down estimator; its mode 'tensor' is run in ``dtype``.
        dtype: Of its weights, which are cast in place.
        flip_indices: Of the flip test; None for none.
        shift_heatmap: As in the test_cfg of a flip test.
    """

    def __init__(self, model: nn.Module, dtype: torch.dtype = torch.float32,
                 flip_indices: Optional[Sequence[int]] = None,
                 shift_heatmap: bool = False) -> None:
        super().__init__()
        normalise = model.data_preprocessor
        self.swap = normalise._channel_conversion
        self.register_buffer('mean', normalise.mean.float().clone())
        self.register_buffer('std', normalise.std.float().clone())
        self.model = model.to(dtype)
        self.dtype = dtype
        self.flip_indices = flip_indices and list(flip_indices)
        self.shift_heatmap = shift_heatmap

    def forward(self, crops: Tensor) -> Tensor:
        """Find heatmaps.

        Args:
            crops: BGR, shape (B, h, w, 3), uint8.

        Returns:
            Shape (B, K, H, W), float32.
        """
        images = crops.permute(0, 3, 1, 2).float()
        if self.swap:
            images = images[:, [2, 1, 0]]
        images = ((images - self.mean) / self.std).to(self.dtype)
        if self.flip_indices is None:
            return self.model(images, None).float()
        both = self.model(torch.cat((images, images.flip(-1))), None)
        straight, mirrored = both.float().unflatten(0, (2, -1))
        mirrored = flip_heatmaps(mirrored, self.flip_indices,
                                 shift_heatmap=self.shift_heatmap)
        return (straight + mirrored) * 0.5


class Decoder(nn.Module):
    """From heatmaps to keypoints in image pixels: BatchUDPHeatmap.locate, in
    float32, which every runtime computes in, and what TopdownPoseEstimator
    does after it.

    Args:
        codec: Whose decoding it is.
    """

    def __init__(self, codec: BatchUDPHeatmap) -> None:
        super().__init__()
        W, H = codec.heatmap_size
        for axis, size in (('down', H), ('across', W)):
            blur = make_blur(size, codec.blur_kernel_size, codec.numerics,
                             torch.device('cpu'))
            for name, value in blur._asdict().items():
                if value.is_floating_point():
                    value = value.float()
                self.register_buffer(f'{axis}_{name}', value)
        # Heatmap pixels to shares of the crop.
        steps = torch.tensor([1 / (W - 1), 1 / (H - 1)])
        self.register_buffer('steps', steps)
        self.rescale = codec.numerics.rescale

    def forward(self, heatmaps: Tensor, centers: Tensor,
                scales: Tensor) -> Tuple[Tensor, Tensor]:
        """Find keypoints.

        Args:
            heatmaps: Shape (B, K, H, W), float32.
            centers: (x, y) of the crops' middles, in image pixels, (B, 2).
            scales: (w, h) of the crops in image pixels, shape (B, 2).

        Returns:
            Keypoints (B, K, 2), (x, y) in image pixels, and scores (B, K),
            float32.
        """
        blurs = [
            Blur(*(getattr(self, f'{axis}_{name}') for name in Blur._fields))
            for axis in ('down', 'across')
        ]
        K = heatmaps.shape[1]
        peaks, scores = find_peaks(heatmaps.flatten(0, 1), blurs,
                                   self.rescale)
        # In this order: behind int8, OpenVINO takes a product before a reshape
        # for a scale of integers, and fails.
        shares = peaks.unflatten(0, (-1, K)) * self.steps
        keypoints = shares * scales[:, None] + (centers - 0.5 *
                                                scales)[:, None]
        return keypoints, scores.unflatten(0, (-1, K))


class DecodedNetwork(nn.Module):
    """From crops and where they were cut out to keypoints.

    Args:
        network: CropNetwork.
        decoder: Decoder.
    """

    def __init__(self, network: nn.Module, decoder: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.decoder = decoder

    def forward(self, crops: Tensor, centers: Tensor,
                scales: Tensor) -> Tuple[Tensor, Tensor]:
        """As Decoder, of CropNetwork's heatmaps."""
        return self.decoder(self.network(crops), centers, scales)
