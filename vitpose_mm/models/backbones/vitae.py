# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from contextlib import nullcontext
from functools import partial
from typing import Optional, Sequence, Tuple, Union

from mmpose.registry import MODELS
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from vitpose_mm.compiling import is_compiling
from ..layers import ParallelConv, TokenLayout, ViTAEBlock
from ..layers.parallel_conv import statistics_kept
from .attention_options import explain_old_attention
from .vit import ViT


def build_vitae_block(embed_dim: int, attn: nn.Module, mlp: nn.Module,
                      drop_path_rate: float, kernel_size: int) -> nn.Module:
    """Build a block of a ``ViTAE``, whose kernels have this size."""
    return ViTAEBlock(embed_dim, attn, mlp,
                      ParallelConv(embed_dim, kernel_size), drop_path_rate)


@MODELS.register_module()
class ViTAE(ViT):
    """ViT with a convolution beside each attention: the plain ViTAE of
    ViTPose-G (arXiv 2204.12484; the block: arXiv 2202.10108).

    The published blocks have a bias for queries and values and none for
    keys. A bias of the keys adds the same number to all scores of a query,
    which softmax takes out again; so ``qkv_bias=True`` computes the same.

    Args:
        kernel_size: Of the convolutions. Pre-training that hides tokens uses
            1; its weights load into 3, with zeros around the centre.
        arch, img_size, patch_size, patch_stride, attention: As of ``ViT``.
        qkv_bias, drop_path_rate, with_cp, out_indices: As of ``ViT``.
        frozen_stages, freeze, init_cfg: As of ``ViT``.
        num_knowledge_tokens, train_knowledge_token: As of ``ViT``.

    Raises:
        ValueError: If an argument is out of its range.
    """

    @explain_old_attention
    def __init__(self,
                 kernel_size: int = 3,
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
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(
            arch=arch,
            img_size=img_size,
            patch_size=patch_size,
            patch_stride=patch_stride,
            attention=attention,
            qkv_bias=qkv_bias,
            drop_path_rate=drop_path_rate,
            with_cp=with_cp,
            frozen_stages=frozen_stages,
            freeze=freeze,
            num_knowledge_tokens=num_knowledge_tokens,
            train_knowledge_token=train_knowledge_token,
            out_indices=out_indices,
            init_cfg=init_cfg,
            build_block=partial(build_vitae_block, kernel_size=kernel_size))

    def recompute(self, block: nn.Module, x: Tensor,
                  layout: TokenLayout) -> Tensor:
        """As in ViT; the second run leaves the statistics of batch norms
        alone, or one batch would count twice."""
        if is_compiling():
            # Compiled code computes again what the backward pass needs, and
            # the statistics are not among it.
            return super().recompute(block, x, layout)
        return checkpoint(
            block,
            x,
            layout,
            use_reentrant=False,
            context_fn=lambda: (nullcontext(), statistics_kept(block)))
