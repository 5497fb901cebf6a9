# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from functools import partial
from typing import Iterator, Optional, Sequence, Tuple, Union

import torch
from mmpose.registry import MODELS
from torch import Tensor, nn

from ..layers import IndependentMoEMlp, PartialMoEMlp, SharedMoEMlp
from .attention_options import explain_old_attention
from .vit import ViT

FFNS = ('partial', 'independent', 'shared_independent')


def build_moe_mlp(embed_dim: int, hidden_dim: int, num_experts: int,
                  ffn: str, part_features: Optional[int]) -> nn.Module:
    """Build the feed-forward network of one block of a ``ViTMoE``, which
    documents the arguments.

    Raises:
        ValueError: If one is out of its range.
    """
    if ffn not in FFNS:
        raise ValueError(f'ffn={ffn!r} is not one of {FFNS}')
    if num_experts < 1:
        raise ValueError(f'num_experts={num_experts} must be at least 1')
    if part_features is not None and ffn != 'partial':
        raise ValueError(f"part_features={part_features} is for "
                         f"ffn='partial', not for ffn='{ffn}'")
    size = embed_dim, hidden_dim, num_experts
    if ffn == 'independent':
        return IndependentMoEMlp(*size)
    if ffn == 'shared_independent':
        return SharedMoEMlp(*size)
    part_features = part_features or embed_dim // 4
    if not 0 < part_features < embed_dim:
        raise ValueError(f'part_features={part_features} must lie between 0 '
                         f'and embed_dim, {embed_dim}')
    return PartialMoEMlp(*size, part_features)


@MODELS.register_module()
class ViTMoE(ViT):
    """ViT whose feed-forward networks know the dataset of each sample.

    ViTPose+ (arXiv 2212.04246, section 3.3). A batch may mix datasets in any
    order; each expert computes its own samples only. A checkpoint of a plain
    ViT loads too: every expert then starts from its weights.

    Args:
        num_experts: Datasets.
        ffn: 'partial' (the papers' choice): the experts are the last
            ``part_features`` channels of fc2; 'independent': a whole network
            each; 'shared_independent': a shared network plus one each.
        part_features: Channels of a 'partial' expert; a quarter of the
            channels by default, as in the released models.
        arch, img_size, patch_size, patch_stride, attention: As of ``ViT``.
        qkv_bias, drop_path_rate, with_cp, out_indices: As of ``ViT``.
        frozen_stages, freeze, init_cfg: As of ``ViT``.
        num_knowledge_tokens, train_knowledge_token: As of ``ViT``.

    Raises:
        ValueError: If an argument is out of its range.
    """

    @explain_old_attention
    def __init__(self,
                 num_experts: int,
                 ffn: str = 'partial',
                 part_features: Optional[int] = None,
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
            build_mlp=partial(
                build_moe_mlp,
                num_experts=num_experts,
                ffn=ffn,
                part_features=part_features))
        self.num_experts = num_experts
        self.ffn = ffn

    def forward(self,
                x: Tensor,
                dataset_idx: Union[None, int, Tensor] = None
                ) -> Tuple[Tensor, ...]:
        """Encode images.

        Args:
            x: Normalised images, shape (B, 3, H, W), pixels of the crop.
            dataset_idx: Expert of each sample, shape (B,), int64, on the
                CPU, so that nothing waits for the device; in any order, but
                images that are sorted by it need not be copied. A number is
                the expert of all samples, for tests and exports: the graph
                then holds for any B, and the other experts get no gradients.
                May be left out with one expert.

        Returns:
            What ``ViT.forward`` does.

        Raises:
            ValueError: If dataset_idx is needed and missing, or does not
                name an expert for each sample.
        """
        if dataset_idx is None and self.num_experts == 1:
            dataset_idx = 0
        if type(dataset_idx) is int:
            self.check_expert(dataset_idx)
            x, layout = self.embed(x)
            return self.encode(x, layout._replace(expert=dataset_idx))
        self.check_index(dataset_idx, len(x))
        lengths = tuple(
            dataset_idx.bincount(minlength=self.num_experts).tolist())
        is_sorted = bool((dataset_idx.diff() >= 0).all())
        if not is_sorted:
            order = dataset_idx.argsort(stable=True)
            x = x[order.to(x.device, non_blocking=True)]
        x, layout = self.embed(x)
        outs = self.encode(x, layout._replace(lengths=lengths))
        if not is_sorted:
            back = order.argsort().to(x.device, non_blocking=True)
            outs = tuple(out[back] for out in outs)
        return outs

    def check_index(self, dataset_idx: Optional[Tensor], num: int) -> None:
        """Raise ValueError unless it names an expert for each sample."""
        if dataset_idx is None:
            raise ValueError(
                f'this ViTMoE has {self.num_experts} experts, so it needs '
                'dataset_idx, the expert of each sample; '
                'MultiDatasetTopdownPoseEstimator gives it, and fold(index) '
                'makes the ViT of one expert')
        if (dataset_idx.shape != (num, ) or dataset_idx.dtype != torch.int64
                or dataset_idx.device.type != 'cpu'):
            raise ValueError(
                f'dataset_idx must be int64 of shape ({num},) on the CPU, '
                f'not {dataset_idx.dtype} of shape '
                f'{tuple(dataset_idx.shape)} on {dataset_idx.device}')
        if num and not 0 <= int(dataset_idx.min()) <= int(
                dataset_idx.max()) < self.num_experts:
            raise ValueError(
                f'dataset_idx {sorted(set(dataset_idx.tolist()))} must lie '
                f'in [0, {self.num_experts - 1}]')

    def check_expert(self, index: int) -> None:
        """Raise ValueError unless it names an expert."""
        if not 0 <= index < self.num_experts:
            raise ValueError(f'expert {index} must lie in '
                             f'[0, {self.num_experts - 1}]')

    def expert_parameters(self, index: int) -> Iterator[nn.Parameter]:
        """Parameters of one expert, from 0, in all blocks."""
        for block in self.blocks:
            yield from block.mlp.experts[index].parameters()

    def fold(self, index: int) -> None:
        """Become, in place, the ViT of one expert: the same outputs for its
        samples, and forward needs no dataset_idx any more.

        Args:
            index: Which expert, from 0.
        """
        self.check_expert(index)
        for block in self.blocks:
            block.mlp = block.mlp.fold(index)
        self.num_experts = 1
