# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""ViTPose of one size as this project and others build it, untrained."""
from importlib.util import find_spec
from typing import Callable, NamedTuple

from torch import Tensor, nn

from vitpose_mm.models.backbones.archs import parse_arch
from .recipes import KEYPOINTS, Arch, Size, build_model, load_recipe

# Implementation -> the package that it needs beside this one.
PACKAGES = dict(
    vitpose_mm='mmpose',
    mmpose='mmpretrain',
    transformers='transformers',
    timm='timm')


class Network(NamedTuple):
    """A model and how to run it.

    Attributes:
        model: On the CPU, in training mode or not as its library builds it.
        forward: Images (B, 3, H, W) to heatmaps (B, K, H / 4, W / 4); timm's
            to tokens, because it has no decoder.
    """

    model: nn.Module
    forward: Callable[[Tensor], Tensor]


def is_installed(name: str) -> bool:
    """Whether an implementation of PACKAGES can be built here."""
    return find_spec(PACKAGES[name]) is not None


def build_network(name: str, arch: Arch, size: Size) -> Network:
    """Build one implementation.

    Args:
        name: One of PACKAGES.
        arch: Of ViT, a name or its numbers.
        size: (h, w) of the images in pixels.
    """
    if name == 'transformers':
        return build_transformers(arch, size)
    if name == 'timm':
        return build_timm(arch, size)
    model = build_model(load_recipe(name, arch, size))
    return Network(
        model, lambda images: model.head.forward(model.extract_feat(images)))


def build_transformers(arch: Arch, size: Size) -> Network:
    """Build the VitPose of Hugging Face's transformers."""
    from transformers import (VitPoseBackboneConfig, VitPoseConfig,
                              VitPoseForPoseEstimation)
    embed_dim, depth, num_heads, mlp_ratio = parse_arch(arch)
    backbone = VitPoseBackboneConfig(
        image_size=list(size),
        patch_size=[16, 16],
        hidden_size=embed_dim,
        num_hidden_layers=depth,
        num_attention_heads=num_heads,
        mlp_ratio=mlp_ratio,
        layer_norm_eps=1e-6,
        out_features=[f'stage{depth}'])
    model = VitPoseForPoseEstimation(
        VitPoseConfig(
            backbone_config=backbone,
            num_labels=KEYPOINTS,
            use_simple_decoder=False,
            scale_factor=4))
    return Network(model, lambda images: model(pixel_values=images).heatmaps)


def build_timm(arch: Arch, size: Size) -> Network:
    """Build timm's plain ViT, without decoder: a floor for the time."""
    from timm.models.vision_transformer import VisionTransformer
    embed_dim, depth, num_heads, mlp_ratio = parse_arch(arch)
    model = VisionTransformer(
        img_size=size,
        patch_size=16,
        embed_dim=embed_dim,
        depth=depth,
        num_heads=num_heads,
        mlp_ratio=mlp_ratio,
        num_classes=0,
        class_token=False,
        global_pool='')
    return Network(model, model)
