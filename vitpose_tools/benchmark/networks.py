# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""ViTPose of one size as this project and others build it, untrained."""
import importlib
from importlib.util import find_spec
from types import ModuleType
from typing import Callable, NamedTuple, Tuple, Union
from unittest import mock

from mmengine.registry import init_default_scope
from mmpose.registry import MODELS
from torch import Tensor, nn

from vitpose_mm.models.backbones.archs import parse_arch

Size = Tuple[int, int]
# COCO's.
KEYPOINTS = 17
# Implementation -> the package that it needs beside this one.
PACKAGES = dict(
    vitpose_mm='mmpose',
    mmpose='mmpretrain',
    transformers='transformers',
    timm='timm')
NORM = dict(
    mean=[123.675, 116.28, 103.53],
    std=[58.395, 57.12, 57.375],
    bgr_to_rgb=True)


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


def build_network(name: str, arch: Union[str, dict], size: Size,
                  num_keypoints: int) -> Network:
    """Build one implementation.

    Args:
        name: One of PACKAGES.
        arch: Of ViT, a name or its numbers.
        size: (h, w) of the images in pixels.
        num_keypoints: Channels of the heatmaps.
    """
    if name == 'transformers':
        return build_transformers(arch, size, num_keypoints)
    if name == 'timm':
        return build_timm(arch, size)
    model = build_estimator(
        estimator_config(name, arch, size, num_keypoints))
    return Network(
        model, lambda images: model.head.forward(model.extract_feat(images)))


def codec_config(name: str, size: Size) -> dict:
    """Config of the codec of this project or of MMPose.

    Args:
        name: 'vitpose_mm' or 'mmpose'.
        size: (h, w) of the crops in pixels.
    """
    h, w = size
    return dict(
        type='BatchUDPHeatmap' if name == 'vitpose_mm' else 'UDPHeatmap',
        input_size=(w, h),
        heatmap_size=(w // 4, h // 4),
        sigma=2)


def estimator_config(name: str, arch: Union[str, dict], size: Size,
                     num_keypoints: int) -> dict:
    """Config of ViTPose with the classic decoder.

    Args:
        name: 'vitpose_mm' for what this project offers to be fast, 'mmpose'
            for MMPose's own config.
        arch, size, num_keypoints: As in build_network.
    """
    embed_dim, depth, num_heads, mlp_ratio = parse_arch(arch)
    codec = codec_config(name, size)
    if name == 'vitpose_mm':
        backbone = dict(
            type='ViT', arch=dict(parse_arch(arch)._asdict()), img_size=size)
        preprocessor = dict(
            type='HeatmapDataPreprocessor', codec=codec, **NORM)
    else:
        import_mmpretrain()
        backbone = dict(
            type='mmpretrain.VisionTransformer',
            arch=dict(
                embed_dims=embed_dim,
                num_layers=depth,
                num_heads=num_heads,
                feedforward_channels=int(embed_dim * mlp_ratio)),
            img_size=size,
            patch_size=16,
            qkv_bias=True,
            with_cls_token=False,
            out_type='featmap',
            patch_cfg=dict(padding=2))
        preprocessor = dict(type='PoseDataPreprocessor', **NORM)
    ours = name == 'vitpose_mm'
    return dict(
        type='FastTopdownPoseEstimator' if ours else 'TopdownPoseEstimator',
        data_preprocessor=preprocessor,
        backbone=backbone,
        head=dict(
            type='HeatmapHead',
            in_channels=embed_dim,
            out_channels=num_keypoints,
            deconv_out_channels=(256, 256),
            deconv_kernel_sizes=(4, 4),
            loss=dict(type='KeypointMSELoss', use_target_weight=True),
            decoder=codec),
        train_cfg=dict(compute_acc=not ours),
        test_cfg=dict(
            flip_test=True, flip_mode='heatmap', shift_heatmap=False))


def build_estimator(config: dict) -> nn.Module:
    """Build an MMPose model."""
    init_default_scope('mmpose')
    return MODELS.build(config)


def import_mmpretrain() -> ModuleType:
    """Import MMPretrain, which registers its ViT, also beside
    transformers >= 5.

    There MMPretrain 1.2 fails while it imports its multi-modal models, which
    it leaves out where it finds no transformers.
    """
    # A package that MMPretrain needs, and nothing else here.
    import importlib_metadata
    find = importlib_metadata.distribution

    def hide_transformers(name: str):
        if name == 'transformers':
            raise importlib_metadata.PackageNotFoundError(name)
        return find(name)

    with mock.patch.object(importlib_metadata, 'distribution',
                           hide_transformers):
        return importlib.import_module('mmpretrain')


def build_transformers(arch: Union[str, dict], size: Size,
                       num_keypoints: int) -> Network:
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
            num_labels=num_keypoints,
            use_simple_decoder=False,
            scale_factor=4))
    return Network(model, lambda images: model(pixel_values=images).heatmaps)


def build_timm(arch: Union[str, dict], size: Size) -> Network:
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
