# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import List, Sequence, Union

import torch
from mmengine.structures import PixelData
from mmpose.models.data_preprocessors import PoseDataPreprocessor
from mmpose.registry import KEYPOINT_CODECS, MODELS
from mmpose.structures import PoseDataSample
from torch import Tensor


@MODELS.register_module()
class HeatmapDataPreprocessor(PoseDataPreprocessor):
    """Normalise crops and draw their heatmap targets on the model's device.

    The images are those of PoseDataPreprocessor, made in one go instead of
    one by one. Of the data samples it moves only what a heatmap head's loss
    reads: copying whole samples costs the host as long as a GPU needs for
    the network. Nothing here waits for the device.

    Args:
        codec: A config of BatchUDPHeatmap, the one that packs the targets.
        mean: Mean of each channel, as the network wants them.
        std: Standard deviation of each channel.
        bgr_to_rgb: Whether to swap the channels first.

    Raises:
        ValueError: If the codec does not draw, or a deviation is not
            positive.
    """

    def __init__(self,
                 codec: dict,
                 mean: Sequence[float],
                 std: Sequence[float],
                 bgr_to_rgb: bool = True) -> None:
        super().__init__(mean, std, bgr_to_rgb=bgr_to_rgb)
        self.codec = KEYPOINT_CODECS.build(codec)
        if not hasattr(self.codec, 'draw'):
            raise ValueError(
                f"codec={codec} has type='{type(self.codec).__name__}', "
                "which draws no batches; write type='BatchUDPHeatmap'")
        if min(std) <= 0:
            raise ValueError(f'std={std} must be positive')

    def forward(self, data: dict, training: bool = False) -> dict:
        """Prepare a batch.

        Args:
            data: ``inputs``, crops (3, H, W) of one size, uint8, in a list or
                stacked, and ``data_samples``, one of each crop, or None.
            training: Of no use here: targets are drawn where there are
                labels.

        Returns:
            ``inputs`` (B, 3, H, W), float32, and the same ``data_samples``,
            where they hold labels with ``gt_fields.heatmaps`` (K, H, W).
        """
        samples = data.get('data_samples')
        if samples and 'keypoint_labels' in samples[0].get(
                'gt_instance_labels', ()):
            self.draw_targets(samples)
        return dict(
            inputs=self.normalize(data['inputs']), data_samples=samples)

    def normalize(self, images: Union[Tensor, Sequence[Tensor]]) -> Tensor:
        """Stack, move and normalise images (3, H, W) to (B, 3, H, W)."""
        if not isinstance(images, Tensor):
            images = torch.stack(tuple(images))
        images = images.to(self.device, non_blocking=True)
        if self._channel_conversion:
            images = images.flip(1)
        return (images - self.mean).div_(self.std)

    def draw_targets(self, samples: List[PoseDataSample]) -> None:
        """Add the heatmaps to samples and move their labels."""
        labels = [sample.gt_instance_labels for sample in samples]
        counts = [label.keypoint_labels.shape[1] for label in labels]
        keypoints, weights = (
            torch.cat([label[name] for label in labels], dim=1).to(
                self.device, non_blocking=True).split(counts, dim=1)
            for name in ('keypoint_labels', 'keypoint_weights'))
        heatmaps = self.codec.draw([label[0] for label in keypoints])
        for i, sample in enumerate(samples):
            labels[i].keypoint_labels = keypoints[i]
            labels[i].keypoint_weights = weights[i]
            sample.gt_fields = PixelData(heatmaps=heatmaps[i])
