# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import re
from dataclasses import dataclass
from typing import Dict, List, Optional, Set, Tuple

from vitpose_mm.checkpoints.checkpoint_file import CheckpointFile
from vitpose_mm.checkpoints.complete import missing_in_heads
from vitpose_mm.checkpoints.names import StateDict, datasets_of, ffn_of
from vitpose_mm.checkpoints.other_functions import wrong_width
from vitpose_mm.checkpoints.positions import guess_grid
from vitpose_mm.checkpoints.read import CheckpointError
from vitpose_mm.checkpoints.training_config import (trained_attention,
                                                    trained_geometry)
from vitpose_mm.models.backbones.archs import ARCHS, arch_name

# Of the classic decoder's deconvolutions (arXiv 2204.12484, section 3.1).
CLASSIC_CHANNELS = 256


@dataclass
class Head:
    """A decoder in a checkpoint.

    Attributes:
        decoder: 'classic', 'simple', or 'unknown'.
        keypoints: Channels of its heatmaps.
    """

    decoder: str
    keypoints: int


@dataclass
class Contents:
    """What a checkpoint in our layout holds, read from names and shapes.

    Attributes:
        arch: Name of the size, None for another size.
        embed_dim, depth, hidden_dim, patch_size: Of the ViT.
        num_heads: See find_num_heads.
        grid: (rows, cols) of the position embedding: what the file states,
            else a square or the closest to 4:3.
        img_size: (h, w) of the training crops in pixels.
        patch_stride: Distance of two patches in pixels; patch_size where the
            file does not state it.
        attention: Of the ViT, which leaves no tensor, as its config has it;
            {} for full attention.
        is_stated: Whether the file states grid, stride and attention.
        heads: Dataset to head; the key of a dense file's head is ''.
        datasets: Those with an expert, in order; empty for a dense file.
        ffn: Kind of the experts, as ViTMoE calls it; None for a dense file.
        part_features: Channels of each 'partial' expert.
        has_last_norm: False for pre-training files.
        has_qkv_bias: Whether query, key and value have a bias.
        parallel_kernel: Side of a ViTAE's convolutions; None for a ViT.
        num_knowledge_tokens: Learnt by distillation, 0 without.
    """

    arch: Optional[str]
    embed_dim: int
    depth: int
    hidden_dim: int
    num_heads: Optional[int]
    patch_size: int
    grid: Tuple[int, int]
    heads: Dict[str, Head]
    datasets: List[str]
    ffn: Optional[str]
    part_features: Optional[int]
    has_last_norm: bool
    has_qkv_bias: bool
    parallel_kernel: Optional[int]
    num_knowledge_tokens: int
    img_size: Tuple[int, int]
    patch_stride: int
    attention: dict
    is_stated: bool


def read_contents(state_dict: StateDict, file: CheckpointFile) -> Contents:
    """Measure a checkpoint.

    Args:
        state_dict: In our layout; may hold meta tensors.
        file: That they are from.

    Raises:
        CheckpointError: If a block is incomplete.
    """
    fault = wrong_width(state_dict)
    if fault:
        raise CheckpointError(f'the weights have {fault}')
    patches = state_dict['backbone.patch_embed.proj.weight']
    embed_dim = patches.shape[0]
    depth = 1 + max(int(key.split('.')[2]) for key in state_dict
                    if key.startswith('backbone.blocks.'))
    tokens = state_dict.get('backbone.knowledge_token')
    num_patches = state_dict['backbone.pos_embed'].shape[1]
    grid = file.grid
    if grid is None or grid[0] * grid[1] != num_patches:
        grid = guess_grid(num_patches)
    size, stride = trained_geometry(file.meta)
    if size is None or (size[0] // stride, size[1] // stride) != grid:
        size, stride = None, patches.shape[-1]
    ffn, mlp = ffn_of(state_dict), 'backbone.blocks.0.mlp.'
    own = 'experts.0.' if ffn == 'independent' else ''
    conv = state_dict.get('backbone.blocks.0.pcm.0.weight')
    return Contents(
        arch=arch_name(embed_dim, depth),
        embed_dim=embed_dim,
        depth=depth,
        hidden_dim=len(state_dict[f'{mlp}{own}fc1.weight']),
        num_heads=find_num_heads(embed_dim, file.meta),
        patch_size=patches.shape[-1],
        grid=grid,
        img_size=size or (grid[0] * stride, grid[1] * stride),
        patch_stride=stride,
        attention=trained_attention(file.meta),
        is_stated=size is not None,
        heads=read_heads(state_dict),
        datasets=datasets_of(state_dict),
        ffn=ffn,
        part_features=len(state_dict[f'{mlp}experts.0.weight'])
        if ffn == 'partial' else None,
        has_last_norm='backbone.last_norm.weight' in state_dict,
        has_qkv_bias='backbone.blocks.0.attn.qkv.bias' in state_dict,
        parallel_kernel=None if conv is None else conv.shape[-1],
        num_knowledge_tokens=0 if tokens is None else tokens.shape[1])


def find_num_heads(embed_dim: int, meta: dict) -> Optional[int]:
    """Attention heads, which no tensor shows: what the config of the training
    says, else those of the arch of this width, else None."""
    found = re.search(r'\bnum_heads=(\d+)', str(meta.get('cfg', '')))
    if found:
        return int(found[1])
    return next((arch.num_heads for arch in ARCHS.values()
                 if arch.embed_dim == embed_dim), None)


def read_heads(state_dict: StateDict) -> Dict[str, Head]:
    """Find the heads: the only one under '', several by dataset."""
    heads = {}
    for key, tensor in state_dict.items():
        if key == 'head.final_layer.weight':
            heads[''] = read_head(state_dict, 'head.')
        elif key.startswith('heads.') and key.endswith('.final_layer.weight'):
            name = key.split('.')[1]
            heads[name] = read_head(state_dict, f'heads.{name}.')
    return heads


def read_head(state_dict: StateDict, prefix: str) -> Head:
    """Tell the decoder by its kernels: two 4x4 deconvolutions to 256 channels
    and 1x1, or 3x3 alone."""
    final = state_dict[f'{prefix}final_layer.weight']
    deconvs = [tuple(state_dict[key].shape[1:]) for key in state_dict
               if key.startswith(f'{prefix}deconv_layers.')
               and state_dict[key].ndim == 4]
    if deconvs == 2 * [(CLASSIC_CHANNELS, 4, 4)] and final.shape[-1] == 1:
        decoder = 'classic'
    elif not deconvs and final.shape[-1] == 3:
        decoder = 'simple'
    else:
        decoder = 'unknown'
    return Head(decoder, final.shape[0])


def missing_names(state_dict: StateDict, contents: Contents) -> Set[str]:
    """Names that a model of this size has and the state dict lacks."""
    linear = ('weight', 'bias')
    parts = ['norm1', 'attn.qkv', 'attn.proj', 'norm2']
    if contents.ffn != 'independent':
        parts += ['mlp.fc1', 'mlp.fc2']
    parts += [f'mlp.experts.{i}{part}' for i in range(len(contents.datasets))
              for part in (('', ) if contents.part_features else
                           ('.fc1', '.fc2'))]
    names = {f'backbone.blocks.{i}.{part}.{kind}'
             for i in range(contents.depth) for part in parts
             for kind in linear}
    names |= {f'backbone.{part}.{kind}' for kind in linear
              for part in ('patch_embed.proj', 'last_norm')}
    if not contents.has_qkv_bias:
        names -= {name for name in names if name.endswith('qkv.bias')}
    if not contents.has_last_norm and not contents.heads:
        names -= {name for name in names if '.last_norm.' in name}
    return {*(names - set(state_dict)), *missing_in_heads(state_dict)}
