# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Optional

import torch.nn.functional as F
from mmpose.registry import MODELS
from torch import Tensor, nn


@MODELS.register_module()
class HeatmapKLLoss(nn.Module):
    """Divergence between heatmaps that are read as distributions over pixels.

    Each map becomes softmax(map / temperature); the loss is
    KL(target || output), times temperature ** 2 as in Hinton et al.
    (arXiv 1503.02531), which keeps the size of gradients comparable between
    temperatures.

    Args:
        temperature: Heatmap values lie between 0 and 1, so a peak has
            exp(1 / temperature) times the probability of the background.

    Raises:
        ValueError: If the temperature is not positive.
    """

    def __init__(self, temperature: float = 0.1) -> None:
        super().__init__()
        if temperature <= 0:
            raise ValueError(f'temperature={temperature} must be positive')
        self.temperature = temperature

    def forward(self,
                output: Tensor,
                target: Tensor,
                target_weights: Optional[Tensor] = None) -> Tensor:
        """Compare heatmaps.

        Args:
            output: Shape (B, K, h, w) in heatmap pixels.
            target: The wanted heatmaps, of the same shape.
            target_weights: Weight of each keypoint, shape (B, K).

        Returns:
            Mean over B and K of the divergences, in nats.
        """
        output, target = (
            F.log_softmax(maps.float().flatten(2) / self.temperature, dim=2)
            for maps in (output, target))
        loss = F.kl_div(
            output, target, reduction='none', log_target=True).sum(2)
        if target_weights is not None:
            loss = loss * target_weights
        return loss.mean() * self.temperature**2
