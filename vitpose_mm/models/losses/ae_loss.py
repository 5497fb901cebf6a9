# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Sequence, Tuple

import torch
from mmpose.models.losses import AssociativeEmbeddingLoss
from mmpose.registry import MODELS
from torch import Tensor


@MODELS.register_module()
class AELoss(AssociativeEmbeddingLoss):
    """Loss of tags (arXiv 1611.05424, section 3.2), mean over the batch.

    Pulls the tags of each person together and pushes the people of an image
    apart. MMPose's loss sums over the batch, so its weight would depend on
    the batch size, and visits each keypoint by itself. Here a pair of one and
    the same person is no pair, so that the push of people far apart is 0.
    """

    def forward(self, tags: Tensor,
                keypoint_indices: Sequence[Tensor]) -> Tuple[Tensor, Tensor]:
        """Compare tags at the people's keypoints.

        Args:
            tags: L tags of K kinds of keypoints, shape (B, L * K, H, W).
            keypoint_indices: Of each image (N, K, 2): the cell, counted
                row by row, and whether the keypoint is labelled.

        Returns:
            Weighted pull and push, scalars; 0 where there is no person and no
            pair.
        """
        losses = [
            self._ae_loss_per_image(*image)
            for image in zip(tags, keypoint_indices)
        ]
        pull, push = torch.stack([torch.stack(loss)
                                  for loss in losses]).mean(0)
        return (pull * self.loss_weight,
                push * self.loss_weight * self.push_loss_factor)

    def _ae_loss_per_image(self, tags: Tensor,
                           keypoint_indices: Tensor) -> Tuple[Tensor, Tensor]:
        """Pull and push of one image: tags (L * K, H, W), indices (N, K, 2)
        as above."""
        num_people, num_kinds, _ = keypoint_indices.shape
        cells, labelled = keypoint_indices.permute(2, 1, 0)  # (K, N)
        tags = tags.float().unflatten(0, (-1, num_kinds)).flatten(2)
        # Cells of unlabelled keypoints may lie outside of the map.
        cells = cells.clamp(0, tags.shape[2] - 1).expand(len(tags), -1, -1)
        tags = tags.gather(2, cells)  # (L, K, N)
        count = labelled.sum(0)  # (N, )
        means = (tags * labelled).sum(1) / count.clamp(min=1)  # (L, N)
        spread = ((tags - means[:, None])**2 * labelled).sum(1)
        pull = (spread / count.clamp(min=1)).mean(0)  # (N, )

        present = count > 0
        pairs = torch.triu(present * present[:, None], diagonal=1)
        near = torch.exp(-(means[:, None] - means[..., None])**2).sum(0)
        return (pull.sum() / present.sum().clamp(min=1),
                (near * pairs).sum() / pairs.sum().clamp(min=1))
