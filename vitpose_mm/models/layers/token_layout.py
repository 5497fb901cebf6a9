# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import NamedTuple, Optional, Tuple


class TokenLayout(NamedTuple):
    """What the tokens (B, N, C) of a batch are.

    The backbone states it once per batch, in numbers that the host knows
    without waiting for the device, and hands it to every block.

    Attributes:
        grid: (rows, columns) of the patches, whose tokens come first, in
            row-major order.
        lengths: Consecutive samples of the batch per expert, in the order of
            the experts; None in a model without experts.
    """

    grid: Tuple[int, int]
    lengths: Optional[Tuple[int, ...]] = None
