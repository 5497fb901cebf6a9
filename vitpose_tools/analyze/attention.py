# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Which token looks at which: attention written out as a matrix.

The model computes attention in fused kernels that never store this matrix,
in windows that are cut out of the image. Here it is computed in float64, for
all pairs of tokens of the image at once, with masks in place of windows.
"""
from typing import List, Sequence, Tuple

import torch
from torch import Tensor, nn

from vitpose_mm.models.layers import Attention, TokenLayout, WindowAttention
from vitpose_mm.models.layers.rel_pos import resize_rel_pos
from vitpose_mm.models.layers.windows import Windows
from vitpose_tools.predict.open_model import ModelError

# Of the largest output of the module; float32 differs by about 1e-6.
TOLERANCE = 1e-3


def attention_matrix(attn: Attention, x: Tensor,
                     layout: TokenLayout) -> Tensor:
    """Write attention out as a matrix that mixes the values of all tokens.

    A pooled window counts for its patches alike, as its value is their mean.

    Args:
        attn: Attention of a block.
        x: Its input, shape (B, N, C).
        layout: Of the tokens: patches in row-major order, then extra tokens.

    Returns:
        Shape (B, heads, N, N), float64. Each row sums to 1.
    """
    q, k, _ = project(attn, x)
    scores = q @ k.transpose(2, 3) / q.shape[3]**0.5
    if not isinstance(attn, WindowAttention):
        return scores.softmax(3)
    windows = attn.windows_of(layout.grid)
    patches = layout.grid[0] * layout.grid[1]
    if attn.rel_pos is not None:
        scores[:, :, :patches, :patches] += position_bias(
            attn, q[:, :, :patches], windows)
    apart = ~in_one_window(windows).to(x.device)
    scores[:, :, :patches, :patches].masked_fill_(apart, -torch.inf)
    if not attn.pooling:
        return scores.softmax(3)
    # (patches, windows): the part of each patch in the mean of a window.
    parts = parts_of_means(windows).to(x.device)
    means = q @ (k[:, :, :patches].transpose(2, 3) @ parts) / q.shape[3]**0.5
    means[:, :, patches:] = -torch.inf  # extra tokens see the patches
    weights = torch.cat([scores, means], 3).softmax(3)
    matrix, to_means = weights.split(
        [scores.shape[3], means.shape[3]], 3)
    matrix = matrix.clone()
    matrix[..., :patches] += to_means @ parts.T
    return matrix


def project(attn: Attention, x: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
    """Queries, keys and values, each (B, heads, N, C / heads), float64."""
    bias = attn.qkv.bias
    qkv = nn.functional.linear(x.double(), attn.qkv.weight.double(),
                               None if bias is None else bias.double())
    qkv = qkv.unflatten(2, (3, attn.num_heads, -1))
    return qkv.permute(2, 0, 3, 1, 4).unbind(0)


def along(side: int, size: int, shift: int) -> Tuple[Tensor, Tensor]:
    """Window of each place along an axis, and whether it came from the
    other border."""
    places = torch.arange(side)
    padded = -(-side // size) * size
    return (places - shift) % padded // size, places < shift


def in_one_window(windows: Windows) -> Tensor:
    """Which patches see each other, (patches, patches)."""
    ids = torch.zeros(*windows.grid, dtype=torch.int64)
    for axis, sizes in enumerate(zip(*windows)):
        index, is_wrapped = along(*sizes)
        own = 2 * index + is_wrapped
        ids = ids * (2 * windows.counts[axis]) + (
            own[:, None] if axis == 0 else own)
    ids = ids.flatten()
    return ids[:, None] == ids


def parts_of_means(windows: Windows) -> Tensor:
    """What each patch contributes to the mean of each window without shift,
    (patches, windows), float64; columns sum to 1."""
    rows, cols = (torch.arange(side) // size
                  for side, size in zip(windows.grid, windows.size))
    ids = (rows[:, None] * windows.counts[1] + cols).flatten()
    member = ids[:, None] == torch.arange(
        windows.counts[0] * windows.counts[1])
    return member / member.sum(0, dtype=torch.float64)


def position_bias(attn: WindowAttention, q: Tensor,
                  windows: Windows) -> Tensor:
    """Bias of the scores of patches, (B, heads, patches, patches); of no
    meaning between windows."""
    bias = 0
    cols = windows.grid[1]
    patches = torch.arange(windows.grid[0] * cols)
    for table, size, place in (
            (attn.rel_pos.rows, windows.size[0], patches // cols),
            (attn.rel_pos.cols, windows.size[1], patches % cols)):
        table = resize_rel_pos(table, 2 * size - 1).double()
        offset = place[:, None] - place + size - 1
        # Beyond a window there is no entry, and nobody looks.
        offset = offset.clamp(0, 2 * size - 2).to(q.device)
        by_offset = q @ table.T  # (B, heads, patches, 2 * size - 1)
        bias = bias + by_offset.gather(3, offset.expand(*q.shape[:2], -1, -1))
    return bias


def check_matrix(attn: Attention, matrix: Tensor, x: Tensor, output: Tensor,
                 index: int) -> float:
    """Compare what the matrix gives with what the module gave.

    Args:
        attn: Attention of a block.
        matrix: Of attention_matrix.
        x, output: Of the module, shape (B, N, C).
        index: Of the block, for the message.

    Returns:
        The largest difference, as a part of the largest output.

    Raises:
        ModelError: If they differ, as with an attention of another kind.
    """
    mixed = matrix @ project(attn, x)[2]
    ours = nn.functional.linear(
        mixed.transpose(1, 2).flatten(2), attn.proj.weight.double(),
        attn.proj.bias.double())
    apart = float((ours - output).abs().max() / output.abs().max())
    if not apart <= TOLERANCE:
        raise ModelError(f'the attention of block {index}, a '
                         f'{type(attn).__name__}, computes something else '
                         f'than its matrix here (relative {apart:.2g}), so '
                         'it is not shown')
    return apart


def rollout(blocks: Sequence[Tensor]) -> List[Tensor]:
    """Attention rollout (Abnar and Zuidema, arXiv 2005.00928, section 3):
    what has reached each token from each token of the input, if half of each
    step is the residual connection.

    Args:
        blocks: Attention of each block, mean over the heads, (N, N).

    Returns:
        After each block, (N, N); rows sum to 1.
    """
    reached, found = torch.eye(blocks[0].shape[0]).to(blocks[0]), []
    for matrix in blocks:
        reached = (matrix @ reached + reached) / 2
        found.append(reached)
    return found
