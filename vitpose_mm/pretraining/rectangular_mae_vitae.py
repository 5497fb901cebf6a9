# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Tuple, Union

import torch.nn.functional as F
from mmengine.model import ModuleList
from mmpretrain.models.backbones.vision_transformer import \
    TransformerEncoderLayer
from mmpretrain.registry import MODELS
from torch import Tensor

from vitpose_mm.models.layers import ParallelConv, TokenLayout
from vitpose_mm.models.layers.block import LAYER_NORM_EPS
from .rectangular_mae_vit import RectangularMAEViT


class MaskedViTAELayer(TransformerEncoderLayer):
    """Block of a ViTAE whose convolution looks at single tokens.

    The visible patches do not lie side by side, so a larger kernel would
    have no meaning. The class token stays out of the convolution.

    Args:
        embed_dims: Channels of a token.
        num_heads: Of the attention.
        feedforward_channels: Inside the feed-forward network.
    """

    def __init__(self, embed_dims: int, num_heads: int,
                 feedforward_channels: int) -> None:
        super().__init__(
            embed_dims,
            num_heads,
            feedforward_channels,
            norm_cfg=dict(type='LN', eps=LAYER_NORM_EPS))
        self.pcm = ParallelConv(embed_dims, kernel_size=1)

    def forward(self, x: Tensor) -> Tensor:
        """Transform tokens (B, 1 + N, C), the class token first."""
        patches = x[:, 1:]
        conv = self.pcm(patches, TokenLayout((1, patches.shape[1])))
        x = x + self.attn(self.ln1(x)) + F.pad(conv, (0, 0, 1, 0))
        return self.ffn(self.ln2(x), identity=x)


@MODELS.register_module()
class RectangularMAEViTAE(RectangularMAEViT):
    """MAE's encoder with ViTAE's blocks.

    The checkpoint loads into the ``ViTAE`` of the same arch, whose kernels
    of 3 take up those of 1 in their centre.

    Args:
        arch, img_size, patch_size, mask_ratio: As of RectangularMAEViT.

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(self,
                 arch: Union[str, dict] = 'base',
                 img_size: Tuple[int, int] = (256, 192),
                 patch_size: int = 16,
                 mask_ratio: float = 0.75) -> None:
        super().__init__(arch, img_size, patch_size, mask_ratio)
        # In place of the plain layers that the base class builds.
        self.layers = ModuleList(
            MaskedViTAELayer(self.embed_dims, self.arch_settings['num_heads'],
                             self.arch_settings['feedforward_channels'])
            for _ in range(self.num_layers))
