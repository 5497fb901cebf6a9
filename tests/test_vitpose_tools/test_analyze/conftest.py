# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from types import SimpleNamespace
from typing import Callable

import pytest
import torch
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample
from torch import nn

from vitpose_mm.models.backbones import ViT, ViTMoE
from vitpose_tools.analyze.crop import Crop

ARCH = dict(embed_dim=16, depth=3, num_heads=2)
SIZE = (64, 48)  # of crops, (h, w)


@pytest.fixture
def make_model() -> Callable:
    """Make what looks like an estimator with a small backbone."""

    def make(kind: type = ViT, **options) -> nn.Module:
        torch.manual_seed(0)
        backbone = kind(arch=ARCH, img_size=SIZE, **options)
        for parameter in backbone.parameters():
            nn.init.normal_(parameter, std=0.3)
        model = nn.Module()
        model.backbone = backbone.eval()
        model.data_preprocessor = MODELS.build(dict(
            type='PoseDataPreprocessor', mean=[100.] * 3, std=[50.] * 3))
        if kind is ViTMoE:
            model.routes = SimpleNamespace(names=['coco', 'aic', 'mpii'])
        return model

    return make


@pytest.fixture
def crop() -> Crop:
    """A crop of 48 x 64 from a box of 96 x 128 in an image."""
    torch.manual_seed(1)
    sample = PoseDataSample(metainfo=dict(
        input_size=(48, 64), input_center=(148., 264.),
        input_scale=(96., 128.), img_shape=SIZE))
    inputs = torch.randint(0, 256, (3, *SIZE), dtype=torch.uint8)
    return Crop(inputs, sample, (100., 200., 96., 128.))
