# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Any, Callable, Dict, List, Sequence

import torch
from torch import Tensor, nn

from vitpose_mm.models.backbones import ViTMoE
from .backbone import run_backbone
from .crop import Crop
from .similarity import cosines, expert_outputs, linear_cka, weight_vectors

# Tokens of which outputs are compared, spread evenly over those of the crops.
MAX_TOKENS = 4096


def compare_weights(
        vit: ViTMoE,
        on_block: Callable[[], None] = lambda: None) -> List[Tensor]:
    """Cosine similarity of the experts' weights in each block, (E, E)."""
    found = []
    with torch.no_grad():
        for block in vit.blocks:
            found.append(cosines(weight_vectors(block.mlp)).cpu())
            on_block()
    return found


def compare_outputs(
        model: nn.Module, crops: Sequence[Crop], expert: int,
        on_block: Callable[[], None] = lambda: None) -> List[Tensor]:
    """Linear CKA of the experts' outputs in each block, (E, E).

    In each block all experts get the same tokens; these then go on the way
    of one expert.

    Args:
        model: Estimator with a ViTMoE.
        crops: Any.
        expert: Whose way the tokens go.
        on_block: Called after each block.
    """
    found: List[Tensor] = []

    def compare(mlp: nn.Module, args: tuple) -> None:
        x, layout = args
        tokens = x[:, :layout.grid[0] * layout.grid[1]].flatten(0, 1)
        step = -(-len(tokens) // MAX_TOKENS)
        found.append(linear_cka(expert_outputs(mlp, tokens[::step])).cpu())
        on_block()

    hooks = [block.mlp.register_forward_pre_hook(compare)
             for block in model.backbone.blocks]
    try:
        run_backbone(model, crops, expert)
    finally:
        for hook in hooks:
            hook.remove()
    return found


def summarise_blocks(names: Sequence[str],
                     blocks: Sequence[Tensor]) -> List[Dict[str, Any]]:
    """Say of each block how alike its experts are.

    Args:
        names: Of the E experts.
        blocks: Similarities of each block, (E, E).

    Returns:
        Of each: its number from 0, the mean over all pairs, the most and the
        least alike pair, and all similarities.
    """
    rows, cols = torch.triu_indices(len(names), len(names), 1)
    summaries = []
    for index, similarity in enumerate(blocks):
        pairs = similarity[rows, cols]
        ends = {
            key: dict(pair=[names[rows[at]], names[cols[at]]],
                      similarity=float(pairs[at]))
            for key, at in (('most_alike', int(pairs.argmax())),
                            ('least_alike', int(pairs.argmin())))}
        summaries.append(dict(block=index, mean=float(pairs.mean()), **ends,
                              similarity=similarity.tolist()))
    return summaries
