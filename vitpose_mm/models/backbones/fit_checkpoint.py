# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import logging
from copy import deepcopy
from typing import Dict, Optional, Tuple

import torch.nn.functional as F
from mmengine.logging import print_log
from torch import Tensor

from vitpose_mm.checkpoints.layouts import common, mmpose, official
from vitpose_mm.checkpoints.report import Report, count_names
from ..layers import guess_grid, resize_pos_embed
from .archs import arch_name
from .fit_experts import fit_experts
from .fit_rel_pos import fit_rel_pos

POS_EMBED = 'pos_embed'
KNOWLEDGE_TOKEN = 'knowledge_token'
PATCHES = 'patch_embed.proj.weight'


def fit_checkpoint(state_dict: Dict[str, Tensor], prefix: str,
                   own: Dict[str, Tensor], grid: Tuple[int, int],
                   told: Optional[dict]) -> None:
    """Change a state dict in place so that it fits a ViT, and log a table of
    what was loaded, folded, resized, ignored and missing.

    Args:
        state_dict: Parameter name to tensor; the ViT's in official or
            mmpretrain naming.
        prefix: The ViT's name in the model with a dot, '' for the ViT alone.
        own: The ViT's parameters by name, without prefix.
        grid: (rows, cols) of its position embedding.
        told: The checkpoint loader's report as a dict, None if the state dict
            comes from elsewhere.

    Raises:
        ValueError: If the file holds no ViT, one that computes something
            else, several datasets' experts, or one of another size. MMEngine
            would only warn and leave random weights behind.
    """
    if not prefix:
        take_backbone(state_dict)
    report = Report(**deepcopy(told)) if told else Report('state dict')
    if mmpose.matches_at(state_dict, prefix):
        mmpose.rename_backbone(state_dict, prefix, report)
    if told:
        check_content(state_dict, prefix, own, report)
    fit_experts(state_dict, prefix, own, report)
    check_parallel_conv(state_dict, prefix, own, report.source)
    check_knowledge_token(state_dict, prefix, own, report.source)
    pad_kernels(state_dict, prefix, own, report)
    fit_rel_pos(state_dict, prefix, own, report)
    check_size(state_dict, prefix, own, report.source)
    fit_pos_embed(state_dict, f'{prefix}{POS_EMBED}', own[POS_EMBED], grid,
                  report)
    if told or report.rows():
        log_table(state_dict, prefix, own, report)


def take_backbone(state_dict: Dict[str, Tensor]) -> None:
    """Drop all but the backbone of a whole model's state dict, in place, and
    strip its prefix; a backbone's own state dict stays as it is."""
    if not any(key.startswith('backbone.') for key in state_dict):
        return
    for key in list(state_dict):
        tensor = state_dict.pop(key)
        if key.startswith('backbone.'):
            state_dict[key[len('backbone.'):]] = tensor


def check_content(state_dict: Dict[str, Tensor], prefix: str,
                  own: Dict[str, Tensor], report: Report) -> None:
    """Refuse a file that holds no ViT, a foreign one or one elsewhere.

    Raises:
        ValueError: If so.
    """
    fits = any(f'{prefix}{name}' in state_dict for name in own)
    if report.refusal and (report.layout or not fits):
        raise ValueError(report.refusal)
    if not fits:
        raise ValueError(
            f'{report.source} holds a backbone alone, without the prefix '
            f"'{prefix}': load it with init_cfg=dict(type='Pretrained', "
            f"checkpoint='{report.source}') of the backbone")


def check_parallel_conv(state_dict: Dict[str, Tensor], prefix: str,
                        own: Dict[str, Tensor], source: str) -> None:
    """Refuse a ViTAE's weights for a ViT without its convolutions.

    Raises:
        ValueError: If so.
    """
    found = next((key for key in state_dict if key.startswith(prefix)
                  and common.PARALLEL_CONV.match(key[len(prefix):])), None)
    if found and not any(map(common.PARALLEL_CONV.match, own)):
        raise ValueError(
            f'{source} holds a ViTAE, which has a convolution in each block '
            f"({found}): set the backbone's type='ViTAE', or load another "
            'file')


def check_knowledge_token(state_dict: Dict[str, Tensor], prefix: str,
                          own: Dict[str, Tensor], source: str) -> None:
    """Refuse a file whose ViT has seen more or fewer knowledge tokens.

    Raises:
        ValueError: If so; a file without any is loaded.
    """
    found = state_dict.get(prefix + KNOWLEDGE_TOKEN)
    count = own[KNOWLEDGE_TOKEN].shape[1] if KNOWLEDGE_TOKEN in own else 0
    if found is not None and found.shape[1] != count:
        raise ValueError(
            f'{source} holds {prefix}{KNOWLEDGE_TOKEN}, {found.shape[1]} '
            f'learnt by distillation, and the model has {count}: set the '
            f"backbone's num_knowledge_tokens={found.shape[1]}")


def pad_kernels(state_dict: Dict[str, Tensor], prefix: str,
                own: Dict[str, Tensor], report: Report) -> None:
    """Surround smaller kernels with zeros, in place: the 14x14 patches of
    MAE's ViT-H, as the official loader does, and the 1x1 convolutions of a
    ViTAE that was pre-trained with masks.

    Args:
        state_dict: Names and tensors.
        prefix: Of the ViT.
        own: The ViT's parameters by name, without prefix.
        report: Gets a line for each kind.
    """
    counts = {}
    for name in own:
        kernels = state_dict.get(prefix + name)
        if kernels is None or kernels.ndim != 4:
            continue
        size, wanted = kernels.shape[-1], own[name].shape[-1]
        if size >= wanted:
            continue
        before, after = (wanted - size) // 2, (wanted - size + 1) // 2
        state_dict[prefix + name] = F.pad(kernels,
                                          (before, after, before, after))
        kind = 'patch' if name == PATCHES else 'parallel'
        line = f'{kind} kernels {size}x{size} to {wanted}x{wanted}'
        counts[line] = counts.get(line, 0) + 1
    report.resized += [
        f'{line}, zeros around' + (f' ({count})' if count > 1 else '')
        for line, count in counts.items()
    ]


def check_size(state_dict: Dict[str, Tensor], prefix: str,
               own: Dict[str, Tensor], source: str) -> None:
    """Compare the ViT in a state dict with the wanted size.

    Raises:
        ValueError: If they differ; names both sizes and the cure.
    """
    held = {key[len(prefix):]: value for key, value in state_dict.items()
            if key.startswith(prefix)}
    found, wanted = size_of(held), size_of(own)
    if found and found != wanted:
        name = arch_name(*found[:2])
        cure = f"arch='{name}'" if name and found[:2] != wanted[:2] else \
            'arch and patch_size to these'
        raise ValueError(
            f'{source} holds {describe(*found)}, but the model is '
            f"{describe(*wanted)}: set the backbone's {cure}, or load another "
            'file')
    for name, tensor in own.items():
        if name in held and name != POS_EMBED and \
                held[name].shape != tensor.shape:
            raise ValueError(
                f'{source} holds {name} of shape {tuple(held[name].shape)}, '
                f'but the model has {tuple(tensor.shape)}: set the '
                "backbone's arch to the file's, or load another file")


def size_of(tensors: Dict[str, Tensor]) -> Optional[Tuple[int, int, int]]:
    """(embed_dim, depth, patch_size) of a ViT's tensors, None if they lack
    the patch kernels or all blocks."""
    blocks = {int(key.split('.')[1]) for key in tensors
              if key.startswith('blocks.')}
    if PATCHES not in tensors or not blocks:
        return None
    kernels = tensors[PATCHES]
    return kernels.shape[0], max(blocks) + 1, kernels.shape[-1]


def describe(embed_dim: int, depth: int, patch_size: int) -> str:
    name = arch_name(embed_dim, depth)
    return (f"a ViT of arch '{name}' " if name else 'a ViT ') + (
        f'(embed_dim {embed_dim}, depth {depth}, patch_size {patch_size})')


def fit_pos_embed(state_dict: Dict[str, Tensor], key: str, own: Tensor,
                  grid: Tuple[int, int], report: Report) -> None:
    """Bring a position embedding to the ViT's grid, in place.

    Args:
        state_dict: Names and tensors.
        key: Name of the position embedding.
        own: The ViT's, shape (1, rows * cols, D).
        grid: Its (rows, cols).
        report: Gets lines.
    """
    pos_embed = state_dict.get(key)
    if pos_embed is None or pos_embed.shape == own.shape:
        return
    # What the loader recognised has lost its additional slots already.
    extra = 0 if report.layout else common.num_extra_slots(pos_embed.shape[1])
    if extra == 1 and key.replace(POS_EMBED, 'last_norm.weight') in state_dict:
        pos_embed = official.fold_slot(pos_embed, report)
    else:
        pos_embed = pos_embed[:, extra:]
    source = guess_grid(pos_embed.shape[1])
    state_dict[key] = resize_pos_embed(pos_embed, source, grid)
    if source != grid:
        report.resized.append(f'pos_embed {source[0]}x{source[1]} to '
                              f'{grid[0]}x{grid[1]} (rows x cols)')


def log_table(state_dict: Dict[str, Tensor], prefix: str,
              own: Dict[str, Tensor], report: Report) -> None:
    """Complete a report with what is loaded and missing, and log it on the
    first process."""
    missing = [name for name in own if f'{prefix}{name}' not in state_dict]
    report.loaded.append(f'{len(own) - len(missing)} of {len(own)} tensors '
                         'of the backbone')
    if missing:
        names = ', '.join(missing) if len(missing) < 4 else \
            count_names(missing)
        report.missing.append(f'{names}: stays as initialised')
    print_log(report.table(), 'current',
              logging.WARNING if missing else logging.INFO)
