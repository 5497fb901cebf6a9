# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Tuple

import torch
from mmengine.model import BaseModule
from mmpretrain.models import MAEPretrainDecoder
from mmpretrain.registry import MODELS

from .patches import patch_grid, sincos_pos_embed


@MODELS.register_module()
class RectangularMAEDecoder(MAEPretrainDecoder):
    """MAE's decoder for images of any shape.

    Args:
        embed_dim: Channels of the encoder's tokens.
        img_size: (h, w) in pixels, multiples of the patch.
        patch_size: Side of a patch in pixels.
        decoder_embed_dim: Channels of the decoder's tokens.
        decoder_depth: Blocks.
        decoder_num_heads: Heads of each attention.

    Raises:
        ValueError: If img_size is no multiple of the patch.
    """

    def __init__(self,
                 embed_dim: int = 768,
                 img_size: Tuple[int, int] = (256, 192),
                 patch_size: int = 16,
                 decoder_embed_dim: int = 512,
                 decoder_depth: int = 8,
                 decoder_num_heads: int = 16) -> None:
        rows, cols = patch_grid(img_size, patch_size)
        super().__init__(
            num_patches=rows * cols,
            patch_size=patch_size,
            embed_dim=embed_dim,
            decoder_embed_dim=decoder_embed_dim,
            decoder_depth=decoder_depth,
            decoder_num_heads=decoder_num_heads)
        self.grid = rows, cols

    def init_weights(self) -> None:
        """Draw the weights as MAE does and set the positions."""
        # Not MAEPretrainDecoder's, which is for square images only.
        BaseModule.init_weights(self)
        self.decoder_pos_embed.data.copy_(
            sincos_pos_embed(self.grid, self.decoder_pos_embed.shape[-1]))
        torch.nn.init.normal_(self.mask_token, std=0.02)
