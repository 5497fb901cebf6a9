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
    averaged and resized. A head's deconvolutions can put a finer level before
    them, which continues what a model of heatmaps has learnt.

    Args:
        in_channels: C of the backbone's maps.
        out_channels: D of the levels.
        scales: Size of each level as a factor, for example (2, 1, 0.5).
        finest: Config of a head without final layer that turns the maps into
            one more level, the first: a HeatmapHead with
            ``final_layer=None``. Its ``init_cfg`` can load a trained head's
            deconvolutions (``type='Pretrained', prefix='head.'``).
        init_cfg: As in BaseModule.
    """

    def __init__(self,
                 in_channels: int,
                 out_channels: int = 256,
                 scales: Sequence[float] = (2, 1, 0.5),
                 finest: Optional[dict] = None,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg=init_cfg)
        for scale in scales:
            check_positive('scales', scale)
        self.scales = tuple(scales)
        self.projs = nn.ModuleList(
            nn.Linear(in_channels, out_channels) for _ in scales)
        self.norms = nn.ModuleList(nn.LayerNorm(out_channels) for _ in scales)
        self.finest: Optional[nn.Module] = None
        if finest is not None:
            self.finest = MODELS.build(finest)
            channels = [
                module.out_channels for module in self.finest.modules()
                if isinstance(module, (nn.ConvTranspose2d, nn.Conv2d))
            ]
            self.finest_proj = nn.Linear(channels[-1], out_channels)
            self.finest_norm = nn.LayerNorm(out_channels)

    def forward(self, feats: Sequence[Tensor]) -> Tuple[Tensor, ...]:
        """Resize.

        Args:
            feats: Maps of one or more blocks, each (B, C, h, w).

        Returns:
            Levels (B, D, h * scale, w * scale), in the order of ``scales``;
            before them that of ``finest``.
        """
        # Only the last block's map has been through a norm; without one the
        # others would outweigh it.
        x = torch.stack([
            F.layer_norm(maps.permute(0, 2, 3, 1), maps.shape[1:2])
            for maps in feats
        ]).mean(0).permute(0, 3, 1, 2)
        levels = [
            x if scale == 1 else F.interpolate(
                x, scale_factor=scale, mode='bilinear')
            for scale in self.scales
        ]
        layers = list(zip(self.projs, self.norms))
        if self.finest is not None:
            levels.insert(0, self.finest(feats))
            layers.insert(0, (self.finest_proj, self.finest_norm))
        # A projection of each cell, channels last.
        return tuple(
            norm(proj(level.permute(0, 2, 3, 1))).permute(0, 3, 1, 2)
            for level, (proj, norm) in zip(levels, layers))
