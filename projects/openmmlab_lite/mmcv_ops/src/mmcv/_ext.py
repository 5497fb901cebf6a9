# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Names of MMCV's compiled operators, mapped to ``mmcv_lite_ops``.

``mmcv.ops`` asks for every operator by name when it is imported. Those that
are not mapped here raise an error when they are called.
"""
from typing import Callable

from mmcv_lite_ops.deform_conv import (  # noqa: F401
    deform_conv_backward_input, deform_conv_backward_parameters,
    deform_conv_forward, modulated_deform_conv_backward,
    modulated_deform_conv_forward)
from mmcv_lite_ops.focal_loss import (  # noqa: F401
    sigmoid_focal_loss_backward, sigmoid_focal_loss_forward,
    softmax_focal_loss_backward, softmax_focal_loss_forward)
from mmcv_lite_ops.info import (get_compiler_version,  # noqa: F401
                                get_compiling_cuda_version)
from mmcv_lite_ops.missing import missing_operator
from mmcv_lite_ops.ms_deform_attn import (  # noqa: F401
    ms_deform_attn_backward, ms_deform_attn_forward)
from mmcv_lite_ops.nms import nms, nms_match, softnms  # noqa: F401
from mmcv_lite_ops.roi_align import (roi_align_backward,  # noqa: F401
                                     roi_align_forward)
from mmcv_lite_ops.roi_pool import (roi_pool_backward,  # noqa: F401
                                    roi_pool_forward)


def __getattr__(name: str) -> Callable:
    if name.startswith('_'):
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    return missing_operator(name)
