# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from .attention import Attention
from .block import Block
from .independent_moe_mlp import IndependentMoEMlp
from .mlp import Mlp
from .parallel_conv import ParallelConv
from .partial_moe_mlp import PartialMoEMlp
from .patch_embed import PatchEmbed
from .pos_embed import guess_grid, resize_pos_embed
from .shared_moe_mlp import SharedMoEMlp
from .token_layout import TokenLayout
from .vitae_block import ViTAEBlock
from .window_attention import WindowAttention

__all__ = [
    'Attention', 'Block', 'IndependentMoEMlp', 'Mlp', 'ParallelConv',
    'PartialMoEMlp', 'PatchEmbed', 'SharedMoEMlp', 'TokenLayout', 'ViTAEBlock',
    'WindowAttention', 'guess_grid', 'resize_pos_embed'
]
