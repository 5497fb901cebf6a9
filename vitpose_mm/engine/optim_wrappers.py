# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import List

from mmengine.optim import OptimWrapper, OptimWrapperDict


def wrappers_of(optim_wrapper: OptimWrapper) -> List[OptimWrapper]:
    """The wrapper of each optimiser, of one or of several in a dict."""
    return list(optim_wrapper.values()) if isinstance(
        optim_wrapper, OptimWrapperDict) else [optim_wrapper]
