# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import List, Sequence

# What a config calls a part of every block, and the block's own name of it.
BLOCK_PARTS = {
    'norm1': 'norm1',
    'attn': 'attn',
    'norm2': 'norm2',
    'ffn': 'mlp',
}


def parse_frozen(frozen_stages: int, freeze: Sequence[str],
                 depth: int) -> List[str]:
    """Turn ``frozen_stages`` and ``freeze`` of a ViT into names in it.

    Args:
        frozen_stages, freeze: As of ``ViT``.
        depth: Its blocks.

    Returns:
        Names of the modules and parameters to freeze.

    Raises:
        ValueError: If it has no such part.
    """
    if type(frozen_stages) is not int or not -1 <= frozen_stages <= depth:
        raise ValueError(f'frozen_stages={frozen_stages!r} is not a number '
                         f'between -1 and the depth, {depth}')
    if not isinstance(freeze, (tuple, list)):
        raise ValueError(f'freeze={freeze!r} must be a tuple, such as '
                         "('attn', )")
    blocks = [f'blocks.{index}' for index in range(depth)]
    names = ['patch_embed', 'pos_embed', *blocks[:frozen_stages]
             ] if frozen_stages >= 0 else []
    for part in freeze:
        if part in BLOCK_PARTS:
            names += [f'{block}.{BLOCK_PARTS[part]}' for block in blocks]
        elif part in ('patch_embed', 'pos_embed', *blocks):
            names.append(part)
        else:
            raise ValueError(
                f"freeze: {part!r} is none of 'patch_embed', 'pos_embed', "
                f"{', '.join(map(repr, BLOCK_PARTS))} and 'blocks.0' to "
                f"'blocks.{depth - 1}'")
    return names
