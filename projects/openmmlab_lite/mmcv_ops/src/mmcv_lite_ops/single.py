# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Numbers as MMCV's C++ takes them."""
import numpy as np


def single(value: float) -> float:
    """The nearest float32.

    MMCV's extension takes thresholds and scales as single floats, torchvision
    as doubles. A box pair whose IoU in float32 is the threshold is kept by
    the one and would be dropped by the other.
    """
    return float(np.float32(value))
