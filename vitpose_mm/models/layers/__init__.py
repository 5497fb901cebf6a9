# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from .attention import Attention
from .block import Block
from .mlp import Mlp
from .patch_embed import PatchEmbed
from .pos_embed import guess_grid, resize_pos_embed
from .token_layout import TokenLayout

__all__ = [
    'Attention', 'Block', 'Mlp', 'PatchEmbed', 'TokenLayout', 'guess_grid',
    'resize_pos_embed'
]
