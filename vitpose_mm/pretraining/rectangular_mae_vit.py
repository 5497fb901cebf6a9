# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Tuple, Union

import torch
from mmpretrain.models import MAEViT, VisionTransformer
from mmpretrain.registry import MODELS

from vitpose_mm.models.backbones.archs import parse_arch
from .patches import patch_grid, sincos_pos_embed


@MODELS.register_module()
class RectangularMAEViT(MAEViT):
    """MAE's encoder for images of any shape.

    The checkpoint loads into the ``ViT`` of the same arch. Patches have no
    padding, as in MAE: with the 2 pixels that ViTPose adds, a visible patch
    would show pixels of its hidden neighbours. The official ViTPose makes the
    same change of 2 pixels between pre-training and training.

    Args:
        arch: As of ``ViT``.
        img_size: (h, w) in pixels, multiples of the patch.
        patch_size: Side of a patch in pixels.
        mask_ratio: Share of the patches that are hidden.

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(self,
                 arch: Union[str, dict] = 'base',
                 img_size: Tuple[int, int] = (256, 192),
                 patch_size: int = 16,
                 mask_ratio: float = 0.75) -> None:
        patch_grid(img_size, patch_size)
        if not 0 < mask_ratio < 1:
            raise ValueError(f'mask_ratio={mask_ratio} must lie in (0, 1)')
        embed_dim, depth, num_heads, mlp_ratio = parse_arch(arch)
        super().__init__(
            arch=dict(
                embed_dims=embed_dim,
                num_layers=depth,
                num_heads=num_heads,
                feedforward_channels=int(embed_dim * mlp_ratio)),
            img_size=tuple(img_size),
            patch_size=patch_size,
            mask_ratio=mask_ratio)

    def init_weights(self) -> None:
        """Draw the weights as MAE does and set the positions."""
        # Not MAEViT's, which is for square images only.
        VisionTransformer.init_weights(self)
        self.pos_embed.data.copy_(
            sincos_pos_embed(self.patch_resolution, self.embed_dims))
        torch.nn.init.xavier_uniform_(
            self.patch_embed.projection.weight.data.flatten(1))
        torch.nn.init.normal_(self.cls_token, std=0.02)
