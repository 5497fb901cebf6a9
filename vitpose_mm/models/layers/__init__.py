# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from .attention import Attention
from .block import Block, TokenLayout, ViTAEBlock
from .mlp import Mlp
from .moe_mlp import IndependentMoEMlp, PartialMoEMlp, SharedMoEMlp
from .parallel_conv import ParallelConv
from .patch_embed import PatchEmbed
from .pos_embed import resize_pos_embed
from .window_attention import WindowAttention

__all__ = [
    'Attention', 'Block', 'IndependentMoEMlp', 'Mlp', 'ParallelConv',
    'PartialMoEMlp', 'PatchEmbed', 'SharedMoEMlp', 'TokenLayout', 'ViTAEBlock',
    'WindowAttention', 'resize_pos_embed'
]
