# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from pathlib import Path
from typing import Optional, Tuple

import numpy as np
import torch
import torch.nn.functional as F
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpose.codecs import UDPHeatmap
from mmpose.models import build_pose_estimator
from torch import Tensor

from vitpose_mm.checkpoints.checkpoint_file import CheckpointFile
from vitpose_mm.checkpoints.dense import fold_dataset
from vitpose_mm.checkpoints.names import StateDict
from vitpose_mm.checkpoints.read import CheckpointError, read_checkpoint
from .contents import Contents, read_contents

NUM_CROPS = 4
DEFAULT_IMG_SIZE = (256, 192)


def verify(first: Path, second: Path, config: Optional[Path] = None,
           dataset: Optional[str] = None) -> dict:
    """Run two checkpoints on the same crops.

    Args:
        first, second: Files of any known layout, with pose heads.
        config: Config whose model both are loaded into; by default a ViTPose
            that fits the first file.
        dataset: Which expert of joint ViTPose+ files.

    Returns:
        crops: how many; heatmap: largest difference of a heatmap value;
        keypoint: largest distance between decoded keypoints in pixels of
        the crop; peak: largest heatmap value.

    Raises:
        CheckpointError: If a file cannot be read or does not fit the model.
    """
    outputs = []
    for path in (first, second):
        state_dict, contents, layout = read_dense(path, dataset)
        if not outputs:
            model_config, img_size = choose_model(contents, config, path)
        elif config is None and (contents.is_stated
                                 or layout != 'vitpose_mm'):
            # What leaves no tensor is the second file's own.
            model_config['backbone']['attention'] = contents.attention or None
        heatmaps = run_model(model_config, state_dict, img_size, path)
        outputs.append((heatmaps, decode(heatmaps, img_size)))
    (heatmaps, keypoints), (heatmaps2, keypoints2) = outputs
    distances = np.linalg.norm(keypoints - keypoints2, axis=-1)
    return dict(
        crops=NUM_CROPS,
        heatmap=float((heatmaps - heatmaps2).abs().max()),
        keypoint=float(distances.max()),
        peak=float(heatmaps.max()))


def read_dense(path: Path,
               dataset: Optional[str]) -> Tuple[StateDict, Contents, str]:
    """Read a file as a plain ViTPose.

    Returns:
        Its tensors in our layout, what they are, and its own layout.

    Raises:
        CheckpointError: If it is none, or joint and ``dataset`` is None.
    """
    file = CheckpointFile.of(
        read_checkpoint(path, map_location='cpu', mmap=True), path)
    state_dict, report = file.to_ours()
    if report.datasets and dataset is None:
        raise CheckpointError(
            f'{path} is a joint ViTPose+ file; choose what to compare with '
            f"--dataset: {', '.join(report.datasets)}")
    if report.datasets:
        state_dict = fold_dataset(state_dict, dataset, report)
    return state_dict, read_contents(state_dict, file), report.layout


def choose_model(contents: Contents, config: Optional[Path],
                 path: Path) -> Tuple[dict, Tuple[int, int]]:
    """Take the model of a config, or one that fits a file.

    Returns:
        Config of a top-down estimator, and (h, w) of its crops in pixels.

    Raises:
        CheckpointError: If the file has no head, or one that needs a config.
    """
    if config is not None:
        model = Config.fromfile(config).get('model')
        if model is None:
            raise CheckpointError(f'{config} has no model')
        model.backbone.pop('init_cfg', None)
        return model, tuple(
            model.backbone.get('img_size', DEFAULT_IMG_SIZE))
    head = contents.heads.get('')
    if head is None:
        raise CheckpointError(f'{path} has no pose head to compare')
    if head.decoder == 'unknown' or contents.num_heads is None:
        raise CheckpointError(
            f"{path}: the number of heads or the decoder cannot be read from "
            'the file; give the config that it was trained with: --config')
    return fitting_model(contents), contents.img_size


def fitting_model(contents: Contents) -> dict:
    """Config of a ViTPose that a dense checkpoint fits."""
    head = contents.heads['']
    is_simple = head.decoder == 'simple'
    decoder = dict(deconv_out_channels=[], deconv_kernel_sizes=[],
                   final_layer=dict(kernel_size=3, padding=1)) if is_simple \
        else dict(deconv_out_channels=[256, 256], deconv_kernel_sizes=[4, 4])
    neck = dict(neck=dict(type='FeatureMapProcessor', scale_factor=4.0,
                          apply_relu=True)) if is_simple else {}
    size = contents.parallel_kernel
    kind = dict(type='ViTAE', kernel_size=size) if size else dict(type='ViT')
    return dict(
        type='TopdownPoseEstimator',
        backbone=dict(
            **kind,
            arch=dict(
                embed_dim=contents.embed_dim,
                depth=contents.depth,
                num_heads=contents.num_heads,
                mlp_ratio=contents.hidden_dim / contents.embed_dim),
            img_size=contents.img_size,
            patch_size=contents.patch_size,
            patch_stride=contents.patch_stride,
            attention=contents.attention or None,
            qkv_bias=contents.has_qkv_bias,
            num_knowledge_tokens=contents.num_knowledge_tokens),
        head=dict(
            type='HeatmapHead',
            in_channels=contents.embed_dim,
            out_channels=head.keypoints,
            loss=dict(type='KeypointMSELoss'),
            **decoder),
        **neck)


def run_model(config: dict, state_dict: StateDict, img_size: Tuple[int, int],
              path: Path) -> Tensor:
    """Compute heatmaps of the crops.

    Returns:
        Shape (NUM_CROPS, num_keypoints, h, w) in heatmap pixels.

    Raises:
        CheckpointError: If the weights do not fit the model.
    """
    init_default_scope('mmpose')
    model = build_pose_estimator(Config(config)).eval()
    try:
        model.load_state_dict(state_dict)
    except (RuntimeError, ValueError) as error:
        lines = ' '.join(str(error).split())
        raise CheckpointError(f'{path} does not fit: {lines}') from error
    with torch.no_grad():
        return model.head.forward(model.extract_feat(make_crops(img_size)))


def make_crops(img_size: Tuple[int, int]) -> Tensor:
    """Draw the same crops each time: half noise, half smooth.

    Args:
        img_size: (h, w) in pixels.

    Returns:
        Normalised images, shape (NUM_CROPS, 3, h, w).
    """
    generator = torch.Generator().manual_seed(0)
    half = NUM_CROPS // 2
    noise = torch.randn(half, 3, *img_size, generator=generator)
    coarse = torch.randn(half, 3, 8, 6, generator=generator)
    smooth = F.interpolate(coarse, img_size, mode='bicubic')
    return torch.cat([noise, smooth])


def decode(heatmaps: Tensor, img_size: Tuple[int, int]) -> np.ndarray:
    """Find keypoints as at test time.

    Args:
        heatmaps: Shape (B, num_keypoints, h, w).
        img_size: (h, w) of the crops in pixels.

    Returns:
        (x, y) in pixels of the crop, shape (B, num_keypoints, 2).
    """
    codec = UDPHeatmap(
        input_size=img_size[::-1],
        heatmap_size=tuple(heatmaps.shape[:-3:-1]),
        sigma=2)
    return np.concatenate(
        [codec.decode(maps)[0] for maps in heatmaps.numpy()])
