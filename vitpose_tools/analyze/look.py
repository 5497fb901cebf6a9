# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from dataclasses import dataclass
from typing import Any, Callable, Dict, Optional, Sequence, Tuple

import numpy as np
import torch
from torch import Tensor, nn

from vitpose_tools.predict.open_model import ModelError
from .attention import attention_matrix, check_matrix, rollout
from .backbone import run_backbone
from .crop import Crop


@dataclass(frozen=True)
class Look:
    """Where a ViT looks in a crop of (rows, cols) patches.

    Maps tell how often a patch is looked at, from one patch or, in the mean,
    from all; 1 is what each would get if all were looked at alike.

    Args:
        block: Whose heads are kept.
        heads: Maps of them, (heads, rows, cols).
        means: Map of each block, mean over the heads, (blocks, rows, cols).
        rollouts: Map after each block, (blocks, rows, cols).
        distances: How far each block looks, in pixels of the crop, in the
            mean over what the one or all patches give to patches.
        extra: Part of each block's attention that goes to tokens without a
            place, and is in no map.
        differences: From the output of each attention module, relative.
        patch: (row, column) of the one that looks; None for all.
    """

    block: int
    heads: np.ndarray
    means: np.ndarray
    rollouts: np.ndarray
    distances: np.ndarray
    extra: np.ndarray
    differences: np.ndarray
    patch: Optional[Tuple[int, int]]

    def numbers(self) -> Dict[str, Any]:
        """All of it, as JSON can hold it."""
        return dict(
            block=self.block, patch=self.patch, heads=self.heads.tolist(),
            rollout=self.rollouts[self.block].tolist(),
            blocks=[
                dict(block=index, mean=self.means[index].tolist(),
                     distance=self.distances[index],
                     to_extra_tokens=self.extra[index],
                     difference_from_module=self.differences[index])
                for index in range(len(self.means))])


def look(model: nn.Module, crop: Crop, expert: int, block: int,
         point: Optional[Sequence[float]] = None,
         on_block: Callable[[], None] = lambda: None) -> Look:
    """Collect the attention of all blocks over a crop.

    Args:
        model: Estimator with a ViT.
        crop: What to look at.
        expert: Whose way the tokens go.
        block: Whose heads to keep; negative ones count from the last.
        point: x, y in pixels of the image, whose patch looks; None for all.
        on_block: Called after each block.

    Raises:
        ModelError: If there is no such block, the point lies outside of the
            crop, or a module computes something else.
    """
    vit, found = model.backbone, []
    depth, (h, w) = len(vit.blocks), crop.inputs.shape[1:]
    if not -depth <= block < depth:
        raise ModelError(f'--block {block}: the model has {depth} blocks, 0 '
                         f'to {depth - 1}; -1 is the last')
    block %= depth

    def keep(attn: nn.Module, args: tuple, output: Tensor) -> None:
        x, layout = args
        matrix = attention_matrix(attn, x, layout)
        apart = check_matrix(attn, matrix, x, output, len(found))
        heads = matrix[0].cpu() if len(found) == block else None
        found.append((matrix[0].mean(0).cpu(), heads, apart, layout.grid))
        on_block()

    hooks = [each.attn.register_forward_hook(keep) for each in vit.blocks]
    try:
        run_backbone(model, [crop], expert)
    finally:
        for hook in hooks:
            hook.remove()
    grid = found[0][3]
    patch = None if point is None else find_patch(crop, point, grid)

    patches = grid[0] * grid[1]
    looking = slice(patches)
    if patch is not None:
        at = patch[0] * grid[1] + patch[1]
        looking = slice(at, at + 1)

    def to_map(matrix: Tensor) -> np.ndarray:
        row = matrix[looking].mean(0)[:patches]
        return (row * patches).reshape(grid).numpy()

    means = [mean for mean, _, _, _ in found]
    away = distances_between(grid, (h, w))
    return Look(
        block=block,
        heads=np.stack([to_map(head) for head in found[block][1]]),
        means=np.stack([to_map(mean) for mean in means]),
        rollouts=np.stack([to_map(reached) for reached in rollout(means)]),
        distances=np.array([
            mean_distance(mean[looking, :patches], away[looking])
            for mean in means]),
        extra=np.array([
            float(mean[looking].mean(0)[patches:].sum()) for mean in means]),
        differences=np.array([apart for _, _, apart, _ in found]),
        patch=patch)


def find_patch(crop: Crop, point: Sequence[float],
               grid: Tuple[int, int]) -> Tuple[int, int]:
    """(row, column) of the patch at x, y in pixels of the image.

    Raises:
        ModelError: If it is outside of the crop.
    """
    h, w = crop.inputs.shape[1:]
    x, y = crop.to_crop(point)
    if not (0 <= x < w and 0 <= y < h):
        raise ModelError(
            f'--point {point[0]:g} {point[1]:g} lies outside of what the '
            'model sees of the image; write x y in pixels of the image, '
            'within the box')
    return int(y * grid[0] / h), int(x * grid[1] / w)


def distances_between(grid: Tuple[int, int],
                      size: Tuple[int, int]) -> Tensor:
    """Distances between the middles of patches, (patches, patches), in
    pixels of a crop of size (h, w)."""
    places = torch.cartesian_prod(*(
        torch.arange(count, dtype=torch.float64) * side / count
        for count, side in zip(grid, size)))
    return torch.cdist(places, places)


def mean_distance(matrix: Tensor, away: Tensor) -> float:
    """Mean of distances, weighted by attention; both of one shape."""
    return float((matrix * away).sum() / matrix.sum())
