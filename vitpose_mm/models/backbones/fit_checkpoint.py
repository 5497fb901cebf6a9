# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import logging
from typing import List, Optional

import torch.nn.functional as F
from mmengine.logging import print_log
from torch import Tensor, nn

from vitpose_mm.checkpoints.checkpoint_file import FILE, CheckpointFile
from vitpose_mm.checkpoints.complete import incomplete, missing_in_heads
from vitpose_mm.checkpoints.names import BACKBONE, StateDict
from vitpose_mm.checkpoints.positions import Grid, find_grid
from vitpose_mm.checkpoints.read import CheckpointError
from vitpose_mm.checkpoints.report import Report, count_names
from ..layers import resize_pos_embed
from .check_fit import (PATCHES, POS_EMBED, check_complete, check_fit,
                        check_shapes, check_values)
from .check_sharded import check_sharded, is_sharded
from .find_vit import find_vit
from .fit_experts import fit_experts
from .fit_rel_pos import fit_rel_pos

# Key of a ViT's metadata under which its grid is stored.
GRID = 'grid'
# Ends of the names of a position embedding in all layouts.
POSITIONS = (POS_EMBED, 'position_embeddings')


def store_grid(vit: nn.Module, state_dict: StateDict, prefix: str,
               local_metadata: dict) -> None:
    """Write a ViT's grid beside its tensors: a state_dict hook, with
    PyTorch's arguments. The tensors show only the number of patches."""
    local_metadata[GRID] = vit.grid


def fit_checkpoint(vit: nn.Module, state_dict: StateDict, prefix: str,
                   local_metadata: dict, strict: bool, missing: List[str],
                   unexpected: List[str], errors: List[str]) -> None:
    """Fit a checkpoint to a ViT before it is loaded: a load_state_dict
    pre-hook, with PyTorch's arguments.

    Brings the ViT's tensors to our layout and to the model's experts,
    kernels, windows and grid, and logs a table of what was loaded, folded,
    copied, resized, ignored and missing.

    Args:
        vit: What is to be loaded.
        state_dict: Name to tensor, of the ViT and what is below it; changed
            in place.
        prefix: The ViT's name in the model with a dot, '' for the ViT alone.
        local_metadata: Has the CheckpointFile if the state dict is from one.
        unexpected: Names that the modules above do not know.

    Raises:
        CheckpointError: If the file holds no ViT, one that computes something
            else, several datasets' experts, or one of another size. MMEngine
            would only warn and leave random weights behind.
    """
    file = local_metadata.get(FILE)
    if is_sharded(vit):
        check_sharded(vit, state_dict, prefix, file)
        return
    own = vit.state_dict()
    found = find_vit(state_dict, prefix, file, local_metadata.get(GRID))
    if found is None or is_for_pytorch(found, own, file):
        return
    ours, report = found.to_ours(num_patches(found, own[POS_EMBED]))
    weights = {key[len(BACKBONE):]: tensor for key, tensor in ours.items()
               if key.startswith(BACKBONE)}
    pad_kernels(weights, own, report)
    check_values(ours, report.source)
    check_fit(weights, own, report.source)
    fit_experts(weights, own, report)
    fit_rel_pos(weights, own, report)
    check_shapes(weights, own, report.source)
    check_complete(weights, own, report)
    missing_heads = missing_in_heads(ours)
    if prefix and missing_heads:
        raise CheckpointError(incomplete(report.source, missing_heads))
    fit_pos_embed(weights, vit.grid, found.grid, report)
    if file or report.rows():
        log_table(weights, own, report)
    if found is file:
        # All that the modules above met of it is its backbone.
        unexpected.clear()
    for key in [key for key in state_dict if key.startswith(prefix)]:
        del state_dict[key]
    state_dict.update({prefix + key: weights[key] for key in weights})


def is_for_pytorch(found: CheckpointFile, own: StateDict,
                   file: Optional[CheckpointFile]) -> bool:
    """Whether a state dict has a few of a ViT's tensors and no layout, as in
    a script that changes these.

    Raises:
        CheckpointError: If it has most of them, or is from a file.
    """
    if found.layout:
        return False
    missing = [name for name in own if name not in found.tensors
               and BACKBONE + name not in found.tensors]
    if len(missing) < len(own) and (file or 2 * len(missing) < len(own)):
        raise CheckpointError(incomplete(found.source, missing))
    return len(missing) < len(own)


def num_patches(found: CheckpointFile, own: Tensor) -> Optional[int]:
    """Count the patches of a file's grid, if it states it or has the ViT's.

    Args:
        found: With the file's names.
        own: The ViT's position embedding, shape (1, rows * cols, D).
    """
    slots = next((tensor.shape[1] for key, tensor in found.tensors.items()
                  if key.endswith(POSITIONS) and tensor.ndim == 3
                  and 'decoder' not in key), 0)
    stated = found.grid[0] * found.grid[1] if found.grid else 0
    return next((count for count in (stated, own.shape[1])
                 if slots - count in (0, 1)), None)


def pad_kernels(weights: StateDict, own: StateDict, report: Report) -> None:
    """Surround smaller kernels with zeros, in place: the 14x14 patches of
    MAE's ViT-H, as the official loader does, and the 1x1 convolutions of a
    ViTAE that was pre-trained with masks.

    Args:
        weights: The file's tensors by name, in our layout.
        own: The ViT's.
        report: Gets a line for each kind.
    """
    counts = {}
    for name in own:
        kernels = weights.get(name)
        if kernels is None or kernels.ndim != 4:
            continue
        size, wanted = kernels.shape[-1], own[name].shape[-1]
        if size >= wanted:
            continue
        before, after = (wanted - size) // 2, (wanted - size + 1) // 2
        weights[name] = F.pad(kernels, (before, after, before, after))
        kind = 'patch' if name == PATCHES else 'parallel'
        line = f'{kind} kernels {size}x{size} to {wanted}x{wanted}'
        counts[line] = counts.get(line, 0) + 1
    report.resized += [
        f'{line}, zeros around' + (f' ({count})' if count > 1 else '')
        for line, count in counts.items()
    ]


def fit_pos_embed(weights: StateDict, grid: Grid, stated: Optional[Grid],
                  report: Report) -> None:
    """Bring a position embedding to the ViT's grid, in place.

    Args:
        weights: The file's tensors by name, in our layout.
        grid: The ViT's (rows, cols).
        stated: The file's, None if it does not say.
        report: Gets lines.
    """
    pos_embed = weights.get(POS_EMBED)
    if pos_embed is None:
        return
    source, is_sure = find_grid(pos_embed.shape[1], report.layout, stated,
                                grid)
    doubt = '' if is_sure else (
        '; the file does not state its grid, and this one is a guess: if it '
        'was trained on crops of another shape, its positions are now wrong')
    if source != grid:
        # Not in the half precision that a file may have.
        weights[POS_EMBED] = resize_pos_embed(pos_embed.float(), source, grid)
        report.resized.append(f'pos_embed {source[0]}x{source[1]} to '
                              f'{grid[0]}x{grid[1]} (rows x cols){doubt}')
    elif doubt:
        report.guessed.append(
            f'pos_embed {source[0]}x{source[1]} (rows x cols){doubt}')


def log_table(weights: StateDict, own: StateDict, report: Report) -> None:
    """Complete a report with what is loaded and missing, and log it on the
    first process."""
    missing = [name for name in own if name not in weights]
    report.loaded.append(f'{len(own) - len(missing)} of {len(own)} tensors '
                         'of the backbone')
    if missing:
        names = ', '.join(missing) if len(missing) < 4 else \
            count_names(missing)
        report.missing.append(f'{names}: stays as initialised')
    is_odd = missing or 'guess' in report.table()
    print_log(report.table(), 'current',
              logging.WARNING if is_odd else logging.INFO)
