# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""What is measured: configs that people train with, at any size."""
import importlib
from contextlib import redirect_stdout
from io import StringIO
from types import ModuleType
from typing import Iterator, Tuple, Union
from unittest import mock

from mmengine.config import Config, ConfigDict
from mmengine.hub import get_config
from mmengine.registry import init_default_scope
from mmpose.registry import MODELS
from torch import nn

from vitpose_mm.models.backbones.archs import parse_arch
from vitpose_tools.configs import ROOTS

# A name of ARCHS or its numbers; (h, w) in pixels.
Arch = Union[str, dict]
Size = Tuple[int, int]
# COCO's.
KEYPOINTS = 17
BASE = 'td-hm_ViTPose-base_8xb64-210e_coco-256x192.py'
# Implementation -> the leaf that says what it is.
LEAVES = dict(
    vitpose_mm='td-hm_ViTPose-base-fast_8xb64-210e_coco-256x192.py',
    plain=BASE,
    plus='td-hm_ViTPose-plus-base_8xb128-210e_joint-256x192.py',
    bottom_up='ae_ViTPose-small_8xb24-300e_coco-512x512.py',
    mmpose=f'mmpose::body_2d_keypoint/topdown_heatmap/coco/{BASE}')


def load_leaf(name: str) -> Config:
    """Read a leaf as it is, without pre-trained weights.

    Args:
        name: Of LEAVES.
    """
    leaf = LEAVES[name]
    if name == 'mmpose':
        import_mmpretrain()
        config = get_config(leaf)
    else:
        config = Config.fromfile(next(
            path for root in ROOTS for path in root.glob(f'configs/**/{leaf}')
        ))
    config.model.backbone.init_cfg = None
    return config


def load_recipe(name: str, arch: Arch, size: Size) -> Config:
    """Read a leaf of ViT-B at 256x192 for another ViT and size.

    Args:
        name: Of LEAVES, a top-down one.
        arch: Of ViT.
        size: (h, w) of the crops in pixels.
    """
    config = load_leaf(name)
    embed_dim, depth, num_heads, mlp_ratio = parse_arch(arch)
    height, width = size
    config.model.backbone.update(
        img_size=size, arch=dict(
            embed_dims=embed_dim, num_layers=depth, num_heads=num_heads,
            feedforward_channels=int(embed_dim * mlp_ratio))
        if name == 'mmpose' else parse_arch(arch)._asdict())
    if name == 'plus':
        config.model.backbone.part_features = embed_dim // 4
    for part in parts(config._cfg_dict):
        if part.get('type') == 'HeatmapHead':
            part.in_channels = embed_dim
        if 'input_size' in part:
            part.input_size = width, height
        if 'heatmap_size' in part:
            part.heatmap_size = width // 4, height // 4
        if 'num_layers' in part.get('paramwise_cfg', {}):
            part.paramwise_cfg.num_layers = depth
    return config


def parts(value: object) -> Iterator[ConfigDict]:
    """All dicts of a config."""
    if isinstance(value, ConfigDict):
        yield value
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for part in value:
            yield from parts(part)


def make_fast(config: Config) -> None:
    """Change any top-down config as the fast leaf changes its base."""
    leaf = load_leaf('vitpose_mm')
    codec = dict(config.codec, type=leaf.codec.type)
    config.model.update(
        type=leaf.model.type, train_cfg=leaf.model.train_cfg)
    config.model.data_preprocessor.update(
        type=leaf.model.data_preprocessor.type, codec=codec)
    config.model.head.decoder = codec
    for name in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        loader = config[name]
        loader.collate_fn = leaf[name].collate_fn
        loader.dataset.pipeline[0] = leaf[name].dataset.pipeline[0]
        for step in loader.dataset.pipeline:
            if step.type == 'GenerateTarget':
                step.encoder = codec


def build_model(config: Config) -> nn.Module:
    """Build the model of a config, untrained, without a word."""
    init_default_scope('mmpose')
    with redirect_stdout(StringIO()):
        return MODELS.build(config.model)


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
