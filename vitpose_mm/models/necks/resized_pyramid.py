# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Optional, Sequence, Tuple

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from mmpose.registry import MODELS
from torch import Tensor, nn

from vitpose_mm.ranges import check_positive


@MODELS.register_module()
class ResizedPyramid(BaseModule):
    """Maps of several sizes, of a plain ViT's one.

    As in ViTDet (arXiv 2203.16527) there is no hierarchy in the backbone to
    build on; as in EdgeCrafter (arXiv 2603.18739) the last blocks' maps are
    averaged and resized.

    Args:
        in_channels: C of the backbone's maps.
        out_channels: D of the levels.
        scales: Size of each level as a factor, for example (2, 1, 0.5).
        init_cfg: As in BaseModule.
    """

    def __init__(self,
                 in_channels: int,
                 out_channels: int = 256,
                 scales: Sequence[float] = (2, 1, 0.5),
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg=init_cfg)
        for scale in scales:
            check_positive('scales', scale)
        self.scales = tuple(scales)
        self.projs = nn.ModuleList(
            nn.Linear(in_channels, out_channels) for _ in scales)
        self.norms = nn.ModuleList(nn.LayerNorm(out_channels) for _ in scales)

    def forward(self, feats: Sequence[Tensor]) -> Tuple[Tensor, ...]:
        """Resize.

        Args:
            feats: Maps of one or more blocks, each (B, C, h, w).

        Returns:
            Levels (B, D, h * scale, w * scale), in the order of ``scales``.
        """
        # Only the last block's map has been through a norm; without one the
        # others would outweigh it.
        x = torch.stack([
            F.layer_norm(maps.permute(0, 2, 3, 1), maps.shape[1:2])
            for maps in feats
        ]).mean(0).permute(0, 3, 1, 2)
        levels = []
        for scale, proj, norm in zip(self.scales, self.projs, self.norms):
            level = x if scale == 1 else F.interpolate(
                x, scale_factor=scale, mode='bilinear')
            # A projection of each cell, channels last.
            level = norm(proj(level.permute(0, 2, 3, 1)))
            levels.append(level.permute(0, 3, 1, 2))
        return tuple(levels)
