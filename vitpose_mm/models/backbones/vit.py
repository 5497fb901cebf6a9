# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Callable, List, Optional, Sequence, Tuple, Union

import torch
from mmengine.model import BaseModule, ModuleList
from mmengine.model.weight_init import trunc_normal_
from mmpose.registry import MODELS
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from vitpose_mm.ranges import check_count, check_size
from ..layers import (Attention, Block, Mlp, PatchEmbed, TokenLayout,
                      WindowAttention, resize_pos_embed)
from ..layers.block import LAYER_NORM_EPS
from .archs import parse_arch, parse_blocks
from .attention_options import explain_old_attention, parse_attention
from .fit_checkpoint import fit_checkpoint, store_grid
from .freezing import parse_frozen

# Without pre-trained weights, as the official code draws them.
DEFAULT_INIT = dict(type='TruncNormal', layer='Linear', std=0.02)


@MODELS.register_module()
class ViT(BaseModule):
    """Plain vision transformer of ViTPose (arXiv 2204.12484, section 3.1).

    All blocks see the patches at one resolution; there is no class token.

    Loading accepts every layout that ``vitpose_mm.checkpoints`` knows: the
    hook ``fit_checkpoint`` brings the tensors to this ViT's names, experts,
    windows and grid, or refuses them.

    Args:
        arch: 'small', 'base', 'large', 'huge', 'giant', or
            dict(embed_dim=, depth=, num_heads=, mlp_ratio=).
        img_size: (h, w) of the training crops in pixels. Fixes the grid that
            the position embedding is stored for; other sizes are resampled.
        patch_size: Side of a patch in pixels.
        patch_stride: Distance between two patches in pixels, up to
            patch_size, the default. It is the stride of the output: 8 with
            patches of 16, which then overlap, is the paper's 1/8.
        attention: By default each patch sees all patches. A dict of

            - window_size: (h, w) in patches; each patch sees its window.
            - shift: Whether the windows of every second block, from the
              second, are moved by half a window.
            - pooling: Whether the mean of each window joins the keys and
              values of all windows.
            - full_attention_blocks: Blocks without windows; negative ones
              count from the last.
            - rel_pos: Whether the scores depend on relative positions, by
              learnt tables of each block; also without windows.
        qkv_bias: Whether query, key and value projections have a bias.
        drop_path_rate: Stochastic depth of the last block; grows linearly
            from 0 in the first.
        with_cp: Recompute blocks in the backward pass to save memory.
        frozen_stages: k >= 0 freezes the embeddings and blocks 0..k-1 and
            keeps them in eval mode; -1 freezes nothing.
        freeze: Further parts to freeze, out of 'patch_embed', 'pos_embed',
            'norm1', 'attn', 'norm2', 'ffn' (these four in all blocks) and
            'blocks.0', 'blocks.1', ... ``('attn', )`` and ``('ffn', )`` are
            the paper's partial fine-tuning.
        num_knowledge_tokens: Tokens without a place that follow the patches
            and see them, ``knowledge_token`` (1, n, embed_dim): learnt by a
            teacher and handed to a student (section 3.4). They are left out
            of the output.
        train_knowledge_token: Whether these learn.
        out_indices: Blocks whose output is returned; negative ones count
            from the last. The final norm applies to the last block only.
        init_cfg: MMEngine's initialisation config, for example
            dict(type='Pretrained', checkpoint='mae.pth'); by default a
            truncated normal of standard deviation 0.02.
        build_mlp: For subclasses: makes a block's feed-forward network of
            (embed_dim, hidden_dim).
        build_block: For subclasses: makes a block of (embed_dim, attn, mlp,
            drop_path_rate).

    Raises:
        ValueError: If an argument is out of its range.
    """

    @explain_old_attention
    def __init__(self,
                 arch: Union[str, dict] = 'base',
                 img_size: Tuple[int, int] = (256, 192),
                 patch_size: int = 16,
                 patch_stride: Optional[int] = None,
                 attention: Optional[dict] = None,
                 qkv_bias: bool = True,
                 drop_path_rate: float = 0.,
                 with_cp: bool = False,
                 frozen_stages: int = -1,
                 freeze: Sequence[str] = (),
                 num_knowledge_tokens: int = 0,
                 train_knowledge_token: bool = False,
                 out_indices: Sequence[int] = (-1, ),
                 init_cfg: Optional[dict] = None,
                 build_mlp: Callable[..., nn.Module] = Mlp,
                 build_block: Callable[..., nn.Module] = Block) -> None:
        super().__init__(init_cfg=init_cfg or DEFAULT_INIT)
        check_size('img_size', img_size, '(h, w)')
        check_count('patch_size', patch_size, 1)
        check_tokens(num_knowledge_tokens, train_knowledge_token)
        if not 0 <= drop_path_rate < 1:
            raise ValueError(f'drop_path_rate={drop_path_rate} must lie in '
                             '[0, 1)')
        self.embed_dim, depth, self.num_heads, mlp_ratio = parse_arch(arch)
        self.hidden_dim = int(self.embed_dim * mlp_ratio)
        self.qkv_bias = qkv_bias
        self.with_cp = with_cp
        self.out_indices = parse_blocks('out_indices', out_indices, depth)
        self.attention = parse_attention(attention, depth)
        self.frozen = parse_frozen(frozen_stages, freeze, depth)
        self.img_size = tuple(img_size)

        self.patch_embed = PatchEmbed(self.embed_dim, patch_size,
                                      patch_stride)
        self.grid = self.patch_embed.grid_size(self.img_size)
        self.pos_embed = nn.Parameter(
            torch.empty(1, self.grid[0] * self.grid[1], self.embed_dim))
        trunc_normal_(self.pos_embed, std=0.02)
        self.knowledge_token = None
        if num_knowledge_tokens:
            self.knowledge_token = nn.Parameter(
                torch.empty(1, num_knowledge_tokens, self.embed_dim),
                requires_grad=train_knowledge_token)
            trunc_normal_(self.knowledge_token, std=0.02)
        self.blocks = ModuleList(
            build_block(self.embed_dim, self.build_attn(index),
                        build_mlp(self.embed_dim, self.hidden_dim), rate)
            for index, rate in enumerate(
                torch.linspace(
                    0, drop_path_rate, depth, device='cpu').tolist()))
        self.last_norm = nn.LayerNorm(self.embed_dim, eps=LAYER_NORM_EPS)

        for module in self.frozen_modules():
            module.requires_grad_(False)
        self.pos_embed.requires_grad_('pos_embed' not in self.frozen)
        self._register_load_state_dict_pre_hook(
            fit_checkpoint, with_module=True)
        self._register_state_dict_hook(store_grid)

    def build_attn(self, index: int) -> nn.Module:
        """Build the attention of block ``index``.

        Returns:
            Maps tokens (B, N, C) and their TokenLayout to (B, N, C).
        """
        size = self.embed_dim, self.num_heads, self.qkv_bias
        options = self.attention.of_block(index)
        if not any(options.values()):
            return Attention(*size)
        return WindowAttention(*size, self.grid, **options)

    def frozen_modules(self) -> List[nn.Module]:
        """Modules that ``frozen_stages`` and ``freeze`` freeze."""
        return [
            self.get_submodule(name) for name in self.frozen
            if name != 'pos_embed'
        ]

    def train(self, mode: bool = True) -> 'ViT':
        """Set the mode; frozen modules stay in eval."""
        super().train(mode)
        for module in self.frozen_modules():
            module.eval()
        return self

    def forward(self, x: Tensor) -> Tuple[Tensor, ...]:
        """Encode images.

        Args:
            x: Normalised images, shape (B, 3, H, W), pixels of the crop.

        Returns:
            One map per entry of ``out_indices``, in the order of the blocks,
            shape (B, embed_dim, H // patch_stride, W // patch_stride).

        Raises:
            ValueError: If the image is smaller than a patch.
        """
        return self.encode(*self.embed(x))

    def embed(self, x: Tensor) -> Tuple[Tensor, TokenLayout]:
        """Make tokens (B, N, C) of images, with their positions.

        Returns:
            The tokens and what they are.
        """
        x, grid = self.patch_embed(x)
        x = x + resize_pos_embed(self.pos_embed, self.grid, grid)
        if self.knowledge_token is not None:
            tokens = self.knowledge_token.expand(x.shape[0], -1, -1)
            x = torch.cat([x, tokens], 1)
        return x, TokenLayout(grid)

    def encode(self, x: Tensor, layout: TokenLayout) -> Tuple[Tensor, ...]:
        """Run the blocks on tokens (B, N, C); returns what forward does."""
        outs = []
        for i, block in enumerate(self.blocks):
            if self.with_cp and torch.is_grad_enabled():
                x = self.recompute(block, x, layout)
            else:
                x = block(x, layout)
            if i in self.out_indices:
                is_last = i == len(self.blocks) - 1
                outs.append(
                    to_map(self.last_norm(x) if is_last else x, layout.grid))
        return tuple(outs)

    def recompute(self, block: nn.Module, x: Tensor,
                  layout: TokenLayout) -> Tensor:
        """Run a block, and again in the backward pass, to save memory."""
        return checkpoint(block, x, layout, use_reentrant=False)

    def get_layer_depth(self,
                        param_name: str,
                        prefix: str = '') -> Tuple[int, int]:
        """Number the layers for layer-wise learning-rate decay.

        The same contract as MMPretrain's backbones have.

        Args:
            param_name: Full name of a parameter, with prefix.
            prefix: Name of this backbone in the model, with its dot.

        Returns:
            (id, number of ids): 0 for the embeddings, i + 1 for block i,
            depth + 1 for the final norm.
        """
        num_layers = len(self.blocks) + 2
        parts = param_name[len(prefix):].split('.')
        if parts[0] in ('patch_embed', 'pos_embed'):
            return 0, num_layers
        if parts[0] == 'blocks':
            return int(parts[1]) + 1, num_layers
        return num_layers - 1, num_layers


def check_tokens(number: int, learns: bool) -> None:
    """Raise ValueError if so many knowledge tokens cannot be, or learn."""
    check_count('num_knowledge_tokens', number, 0)
    if learns and not number:
        raise ValueError('train_knowledge_token=True has no token: set '
                         'num_knowledge_tokens=1')


def to_map(x: Tensor, grid: Tuple[int, int]) -> Tensor:
    """Lay the patches, the first of tokens (B, N, C), out as a map
    (B, C, rows, cols)."""
    x = x[:, :grid[0] * grid[1]]
    # Left as it lies in memory, channels last, which convolutions prefer.
    return x.transpose(1, 2).reshape(x.shape[0], x.shape[2], *grid)
