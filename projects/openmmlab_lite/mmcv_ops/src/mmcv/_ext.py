# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
# flake8: noqa: F401
"""Names of MMCV's compiled operators, mapped to ``mmcv_lite_ops``.

``mmcv.ops`` asks for every operator by name when it is imported. Those that
are not mapped here raise an error when they are called.
"""
from typing import Callable

from mmcv_lite_ops.deform_conv import (deform_conv_backward_input,
                                       deform_conv_backward_parameters,
                                       deform_conv_forward,
                                       modulated_deform_conv_backward,
                                       modulated_deform_conv_forward)
from mmcv_lite_ops.focal_loss import (sigmoid_focal_loss_backward,
                                      sigmoid_focal_loss_forward,
                                      softmax_focal_loss_backward,
                                      softmax_focal_loss_forward)
from mmcv_lite_ops.info import get_compiler_version, get_compiling_cuda_version
from mmcv_lite_ops.missing import missing_operator
from mmcv_lite_ops.ms_deform_attn import (ms_deform_attn_backward,
                                          ms_deform_attn_forward)
from mmcv_lite_ops.nms import nms, nms_match, softnms
from mmcv_lite_ops.roi_align import roi_align_backward, roi_align_forward
from mmcv_lite_ops.roi_pool import roi_pool_backward, roi_pool_forward


def __getattr__(name: str) -> Callable:
    if name.startswith('_'):
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    return missing_operator(name)
