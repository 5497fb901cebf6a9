# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import math
from typing import Optional, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class RelPos(nn.Module):
    """Decomposed relative position bias (MViTv2, arXiv 2112.01526; ViTDet).

    The score of query i and key j becomes
    q_i . k_j / sqrt(C) + q_i . rows[r_i - r_j] + q_i . cols[c_i - c_j],
    with unscaled queries in the bias, one table per axis, and the same tables
    for all heads. Tables of zeros, the start, change nothing.

    Args:
        size: (h, w) in patches within which positions are compared.
        head_dim: Channels of a query, C.
    """

    def __init__(self, size: Tuple[int, int], head_dim: int) -> None:
        super().__init__()
        self.size = size
        self.rows = nn.Parameter(torch.zeros(2 * size[0] - 1, head_dim))
        self.cols = nn.Parameter(torch.zeros(2 * size[1] - 1, head_dim))
        # Not persistent: it follows from the size.
        self.register_buffer('places', one_hot(size), persistent=False)

    def forward(self, q: Tensor, k: Tensor, v: Tensor, size: Tuple[int, int],
                mask: Optional[Tensor]) -> Tensor:
        """Attend with the bias.

        A query's bias has h + w different numbers, not h * w. As further
        channels of the query, and with the key's row and column as one-hot
        channels of the key, they enter the scores inside the fused kernel,
        and no matrix of queries times keys is ever stored.

        Args:
            q: Queries, shape (B, heads, h * w, C).
            k, v: Keys and values, shape (B, heads, h * w + extra, C); the
                extra ones have no position and get no bias.
            size: (h, w). The tables are resampled if they are for another.
            mask: Added to the scores, broadcast to (B, heads, h * w,
                h * w + extra), or None.

        Returns:
            Shape (B, heads, h * w, C).
        """
        (h, w), dim = size, q.shape[3]
        # Undone by the scale of all scores.
        rows, cols = (math.sqrt(dim) * resize_rel_pos(table, 2 * side - 1)
                      for table, side in zip((self.rows, self.cols), size))
        queries = q.reshape(*q.shape[:2], *size, dim)
        # Entry r of unfold(0, h, 1) is rows[r], ..., rows[r + h - 1], which
        # are the offsets r - (h - 1), ..., r of keys h - 1, ..., 0.
        by_row = torch.einsum('bnhwc,hck->bnhwk', queries,
                              rows.unfold(0, h, 1).flip(2))
        by_col = torch.einsum('bnhwc,wck->bnhwk', queries,
                              cols.unfold(0, w, 1).flip(2))
        q = torch.cat([q, by_row.flatten(2, 3), by_col.flatten(2, 3)], 3)
        places = self.places if size == self.size else one_hot(
            size, k.device)
        places = F.pad(places.to(k), (0, 0, 0, k.shape[2] - h * w))
        k = torch.cat([k, places.expand(*k.shape[:2], -1, -1)], 3)
        # The fused kernels ask for as many channels of values.
        x = F.scaled_dot_product_attention(
            q, k, F.pad(v, (0, h + w)), mask, scale=dim**-0.5)
        return x[..., :dim]


def one_hot(size: Tuple[int, int],
            device: Optional[torch.device] = None) -> Tensor:
    """Row and column of each patch as one-hot channels, (h * w, h + w)."""
    rows, cols = (torch.eye(side, device=device) for side in size)
    return torch.cat(
        [rows.repeat_interleave(size[1], 0), cols.repeat(size[0], 1)], 1)


def resize_rel_pos(table: Tensor, length: int) -> Tensor:
    """Resample a table (2 * side - 1, C) of offsets linearly to another
    length; the table itself if the lengths are equal."""
    if len(table) == length:
        return table
    resized = F.interpolate(table.float().t()[None], length, mode='linear')
    return resized[0].t().to(table.dtype)
