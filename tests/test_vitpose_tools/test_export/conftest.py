# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Callable

import pytest

# As quick as it gets; its heatmaps are smooth, so that peaks can be refined.
SMALL = """
codec = dict(type='UDPHeatmap', input_size=(48, 64), heatmap_size=(12, 16),
             sigma=2)
model = dict(
    backbone=dict(img_size=(64, 48), patch_size=16,
                  arch=dict(embed_dim=32, depth=2, num_heads=2, mlp_ratio=2)),
    neck=dict(type='FeatureMapProcessor', scale_factor=4.),
    head=dict(in_channels=32, deconv_out_channels=None,
              deconv_kernel_sizes=None,
              final_layer=dict(kernel_size=3, padding=1), decoder=codec))
test_pipeline = [
    dict(type='LoadImage'), dict(type='GetBBoxCenterScale', padding=1.2),
    dict(type='TopdownAffine', input_size=(48, 64), use_udp=True),
    dict(type='PackPoseInputs')]
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
"""


@pytest.fixture
def small(trained) -> Callable[..., tuple]:
    """Write the config of a small model, and random weights whose heatmaps
    are about one."""
    return lambda text='': trained(text=SMALL + text)
