# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Position embeddings of files: which slots are no patches, which grid the
others fill. Files store neither; counts tell most of it."""
import math
from typing import Optional, Tuple

import torch
from torch import Tensor

from .report import Report

# (rows, cols) in patches.
Grid = Tuple[int, int]


def num_extra_slots(num_slots: int,
                    expected: int = 0,
                    num_patches: Optional[int] = None) -> int:
    """Count the slots of a position embedding before those of patches.

    Args:
        num_slots: All slots.
        expected: How many the other names in the file let expect.
        num_patches: Of the grid that it was trained on, where that is known.

    Returns:
        The difference where it is known. Else 0 if none is expected and some
        grid up to 4:1 explains all slots; else the first of ``expected``, 0,
        1, 2 that leaves a square or 4:3 grid, or failing that a grid up to
        2:1; else ``expected``.
    """
    if num_patches is not None:
        return num_slots - num_patches
    if expected == 0 and is_grid(num_slots, 4):
        return 0
    for fits in (is_usual_grid, is_grid):
        for extra in (expected, 0, 1, 2):
            if num_slots > extra and fits(num_slots - extra):
                return extra
    return expected


def has_added_slot(num_slots: int, num_patches: Optional[int] = None) -> bool:
    """Whether a file with official names has the slot that the official code
    adds to all others. Some have been folded by other tools.

    Args:
        num_slots: All slots.
        num_patches: Of the grid that it was trained on, where that is known.

    Returns:
        False only if all slots fill a grid of 4:3, or a grid up to 4:1 that
        one less would not fill.
    """
    if num_patches is not None:
        return num_slots == num_patches + 1
    is_folded = math.isqrt(num_slots // 12)**2 * 12 == num_slots or (
        is_grid(num_slots, 4) and not is_grid(num_slots - 1, 4))
    return not is_folded


def is_usual_grid(num_tokens: int) -> bool:
    """Whether tokens fill a square or a grid of 4:3 or 3:4."""
    return any(
        math.isqrt(num_tokens // area)**2 * area == num_tokens
        for area in (1, 12))


def is_grid(num_tokens: int, longest: int = 2) -> bool:
    """Whether tokens fill a grid with sides of at most ``longest``:1."""
    return any(num_tokens % side == 0 and num_tokens <= longest * side**2
               for side in range(1, math.isqrt(num_tokens) + 1))


def guess_grid(num_tokens: int) -> Tuple[int, int]:
    """Find the grid of a position embedding of which nothing else is known.

    A square number is a square grid (ImageNet and bottom-up models);
    otherwise the factorisation whose rows / columns come closest to 4 / 3,
    the shape of a person crop.

    Args:
        num_tokens: Patch tokens, without class or register tokens.

    Returns:
        (rows, columns).
    """
    side = math.isqrt(num_tokens)
    if side * side == num_tokens:
        return side, side
    pairs = [(num_tokens // cols, cols) for cols in range(1, num_tokens + 1)
             if num_tokens % cols == 0]
    return min(pairs, key=lambda p: abs(math.log(p[0] / p[1] * 3 / 4)))


def find_grid(num_patches: int, layout: Optional[str],
              known: Optional[Grid], wanted: Grid) -> Tuple[Grid, bool]:
    """Find the grid of a file's position embedding.

    Args:
        num_patches: Its slots, without those that are no patches.
        layout: Of the file.
        known: (rows, cols) that the file states, None if it states none.
        wanted: The model's (rows, cols).

    Returns:
        (rows, cols), and whether it is sure: what the file states; a square
        of a pre-trained ViT; a grid of the model's aspect, unless it is a
        published layout, whose models have crops of 4:3; else it is the guess
        of guess_grid.
    """
    if known and known[0] * known[1] == num_patches:
        return known, True
    guess = guess_grid(num_patches)
    if layout == 'imagenet' and guess[0] == guess[1]:
        return guess, True
    rows, cols = wanted
    side = math.isqrt(num_patches * rows // cols)
    if num_patches % max(side, 1) == 0 and side**2 * cols == \
            num_patches * rows:
        grid = side, num_patches // side
        return grid, layout == 'vitpose_mm' or grid == guess
    is_published = layout not in (None, 'vitpose_mm')
    return guess, is_published and is_usual_grid(num_patches)


def fold_slot(pos_embed: Tensor, report: Report) -> Tensor:
    """Add slot 0 of a position embedding to all others.

    The official forward pass does so for every token, so the sum is exact.

    Args:
        pos_embed: Shape (1, 1 + N, D).
        report: Gets a line.

    Returns:
        Shape (1, N, D), float32.
    """
    report.folded.append('position slot 0 added to the '
                         f'{pos_embed.shape[1] - 1} patch slots')
    # In half precision the sum would lose what it adds.
    pos_embed = pos_embed.float()
    return pos_embed[:, 1:] + pos_embed[:, :1]


def unfold_slot(pos_embed: Tensor) -> Tensor:
    """Prepend a slot of zeros: (1, N, D) to (1, 1 + N, D)."""
    return torch.cat([torch.zeros_like(pos_embed[:, :1]), pos_embed], dim=1)
