# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Dict, List, Optional, Sequence, Tuple, Union

import torch
from mmengine.structures import InstanceData, PixelData
from mmpose.models.heads import AssociativeEmbeddingHead
from mmpose.models.utils.tta import aggregate_heatmaps
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample
from torch import Tensor

from vitpose_mm.ranges import check_count

Features = Tuple[Tensor, ...]


@MODELS.register_module()
class AEHead(AssociativeEmbeddingHead):
    """Heatmaps and tags of everybody in an image (arXiv 1611.05424).

    MMPose's head with a loss for any number of people and a prediction with
    or without flip and several scales. The loss takes only the image's mask:
    an image has many people, so a weight per keypoint has no channel to apply
    to. Heatmaps are decoded at their own resolution.

    Args:
        in_channels: C of the backbone's maps.
        num_keypoints: K kinds of keypoints.
        tag_dim: L tags of each kind.
        deconv_out_channels, deconv_kernel_sizes: As in HeatmapHead.
        conv_out_channels, conv_kernel_sizes: As in HeatmapHead.
        final_layer, init_cfg: As in HeatmapHead.
        keypoint_loss: Config of the loss of the heatmaps.
        tag_loss: Config of the loss of the tags, an AELoss.
        decoder: Config of the codec.

    Raises:
        ValueError: If a number is not positive.
    """

    def __init__(self,
                 in_channels: int,
                 num_keypoints: int,
                 tag_dim: int = 1,
                 deconv_out_channels: Sequence[int] = (256, 256),
                 deconv_kernel_sizes: Sequence[int] = (4, 4),
                 conv_out_channels: Optional[Sequence[int]] = None,
                 conv_kernel_sizes: Optional[Sequence[int]] = None,
                 final_layer: dict = dict(kernel_size=1),
                 keypoint_loss: dict = dict(type='KeypointMSELoss'),
                 tag_loss: dict = dict(type='AELoss'),
                 decoder: Optional[dict] = None,
                 init_cfg: Optional[dict] = None) -> None:
        check_count('num_keypoints', num_keypoints, 1)
        check_count('tag_dim', tag_dim, 1)
        super().__init__(
            in_channels,
            num_keypoints,
            tag_dim,
            deconv_out_channels=deconv_out_channels,
            deconv_kernel_sizes=deconv_kernel_sizes,
            conv_out_channels=conv_out_channels,
            conv_kernel_sizes=conv_kernel_sizes,
            final_layer=final_layer,
            keypoint_loss=keypoint_loss,
            tag_loss=tag_loss,
            decoder=decoder,
            init_cfg=init_cfg)

    def loss(self,
             feats: Features,
             batch_data_samples: Sequence[PoseDataSample],
             train_cfg: Optional[dict] = None) -> Dict[str, Tensor]:
        """Compare with the targets of the codec.

        Args:
            feats: Maps of the backbone, shape (B, C, H / 4, W / 4).
            batch_data_samples: B samples with heatmaps (K, H, W) and mask
                (1, H, W), which is false where people are not labelled, in
                ``gt_fields``, and ``gt_instance_labels.keypoint_indices``.
            train_cfg: Of the estimator; not used.

        Returns:
            ``loss_kpt``, ``loss_pull`` and ``loss_push``.
        """
        heatmaps, tags = self.forward(feats)
        fields = [sample.gt_fields for sample in batch_data_samples]
        loss_kpt = self.loss_module.keypoint_loss(
            heatmaps,
            torch.stack([field.heatmaps for field in fields]),
            mask=torch.stack([field.heatmap_mask for field in fields]))
        loss_pull, loss_push = self.loss_module.tag_loss(
            tags, [
                sample.gt_instance_labels.keypoint_indices
                for sample in batch_data_samples
            ])
        return dict(
            loss_kpt=loss_kpt, loss_pull=loss_pull, loss_push=loss_push)

    def predict(
        self, feats: Union[Features, List[Features], List[List[Features]]],
        batch_data_samples: Sequence[PoseDataSample], test_cfg: dict
    ) -> Union[List[InstanceData], Tuple[List[InstanceData], List[PixelData]]]:
        """Find the people of each image.

        Args:
            feats: Maps of the backbone. With ``flip_test`` a pair of them, of
                the image and its mirror image; with ``multiscale_test`` a
                list of either, first of the image at its own size.
            batch_data_samples: B samples with ``flip_indices``.
            test_cfg: ``flip_test``, ``multiscale_test`` and
                ``output_heatmaps``, all False by default; ``score_thr``, the
                score that a person must exceed, 0 by default.
                MMPoseInferencer sets it to its ``bbox_thr`` where the config
                has it.

        Returns:
            Of each image ``keypoints`` (N, K, 2) in pixels of the network's
            input, ``keypoint_scores`` (N, K) and ``bbox_scores`` (N, ); with
            ``output_heatmaps`` also heatmaps and tags, in a second list.
        """
        scales = feats if test_cfg.get('multiscale_test', False) else [feats]
        if test_cfg.get('flip_test', False):
            flip_indices = batch_data_samples[0].metainfo['flip_indices']
            maps = [
                self.forward_flipped(*pair, flip_indices) for pair in scales
            ]
        else:
            maps = [self.forward(scale) for scale in scales]
        # Cells lie on corners, as in the codec. Tags of other scales are not
        # comparable.
        heatmaps = aggregate_heatmaps([heatmaps for heatmaps, _ in maps],
                                      size=None,
                                      align_corners=True).float()
        tags = maps[0][1].float()
        score_thr = test_cfg.get('score_thr', 0.)
        people = [
            found[found.bbox_scores > score_thr]
            for found in self.decode((heatmaps, tags))
        ]
        if not test_cfg.get('output_heatmaps', False):
            return people
        return people, [
            PixelData(heatmaps=heatmap, tags=tag)
            for heatmap, tag in zip(heatmaps, tags)
        ]

    def forward_flipped(self, feats: Features, mirrored: Features,
                        flip_indices: Sequence[int]) -> Tuple[Tensor, Tensor]:
        """Join the maps of an image and of its mirror image.

        Args:
            feats: Maps of the backbone for the image.
            mirrored: The same for its mirror image.
            flip_indices: The keypoint that each becomes in a mirror, (K, ).

        Returns:
            Mean heatmaps (B, K, H, W), and the tags of both one after the
            other, (B, 2 * L * K, H, W): a person's tags in the two may
            differ.
        """
        heatmaps, tags = self.forward(feats)
        flipped_heatmaps, flipped_tags = self.forward(mirrored)
        flipped_tags = flipped_tags.unflatten(1, (-1, self.num_keypoints))
        flipped_tags = flipped_tags[:, :, flip_indices].flatten(1, 2).flip(-1)
        flipped_heatmaps = flipped_heatmaps[:, flip_indices].flip(-1)
        return ((heatmaps + flipped_heatmaps) / 2,
                torch.cat([tags, flipped_tags], dim=1))
