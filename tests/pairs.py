# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Tiny models of every feature beside every other, and batches for them."""
import copy
from itertools import combinations
from typing import Dict, Iterator, List, Sequence, Tuple

import numpy as np
import torch
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData, PixelData
from mmpose.structures import PoseDataSample
from torch import nn

DIM, SIZE, GRID = 16, (48, 64), (12, 16)  # sizes are (w, h) in pixels
FLIP = dict(a=[1, 0, 3, 2], b=[0, 2, 1])
KINDS = {
    'ViT': dict(type='ViT'),
    'ViTAE': dict(type='ViTAE'),
    **{f'ViTMoE-{ffn}': dict(type='ViTMoE', num_experts=2, ffn=ffn)
       for ffn in ('partial', 'independent', 'shared_independent')}
}
# Of a grid of 4x3 patches, so windows of 3x2 are padded on both sides.
WINDOWS = dict(window_size=(3, 2))
OPTIONS = dict(
    windows=dict(attention=WINDOWS),
    shift=dict(attention=dict(WINDOWS, shift=True)),
    pooling=dict(attention=dict(WINDOWS, pooling=True)),
    rel_pos=dict(attention=dict(rel_pos=True)),
    token=dict(num_knowledge_tokens=2, train_knowledge_token=True),
    stride=dict(patch_stride=8),
    frozen=dict(frozen_stages=1),
)
# Everything at once, for what takes longer.
ALL = ('shift', 'pooling', 'rel_pos', 'token')


def backbone(kind: str, options: Sequence[str] = (), **changes) -> dict:
    """Config of a backbone with some of OPTIONS; their attention adds up."""
    config = dict(KINDS[kind], arch=dict(
        embed_dim=DIM, depth=2, num_heads=2, mlp_ratio=2), img_size=SIZE[::-1])
    for name in options:
        attention = {**config.get('attention', {}),
                     **OPTIONS[name].get('attention', {})}
        config.update(OPTIONS[name])
        if attention:
            config['attention'] = attention
    return dict(config, **changes)


def pairs_of_options() -> Iterator[Tuple[str, Tuple[str, ...]]]:
    """Each kind of backbone with each pair of options; kinds of experts but
    the first with all at once."""
    for kind in KINDS:
        if kind.startswith('ViTMoE') and not kind.endswith('partial'):
            yield kind, tuple(OPTIONS)
            continue
        for pair in combinations(OPTIONS, 2):
            # Shift and pooling have windows of their own.
            if pair not in (('windows', 'shift'), ('windows', 'pooling')):
                yield kind, pair


def codec(stride: int = 16, kind: str = 'BatchUDPHeatmap') -> dict:
    """Codec of a head with one deconvolution over patches of a stride."""
    return dict(type=kind, input_size=SIZE, sigma=1.,
                heatmap_size=tuple(2 * side // stride for side in SIZE))


def head(num_keypoints: int, codec: dict) -> dict:
    return dict(
        type='HeatmapHead', in_channels=DIM, out_channels=num_keypoints,
        deconv_out_channels=(8, ), deconv_kernel_sizes=(4, ),
        loss=dict(type='KeypointMSELoss', use_target_weight=True),
        decoder=codec)


def estimator(kind: str, options: Sequence[str] = (), codec_type: str =
              'BatchUDPHeatmap', type: str = 'FastTopdownPoseEstimator',
              test_cfg: dict = {}, **changes) -> ConfigDict:
    """Config of a top-down model, of two datasets where there are experts."""
    own = codec(8 if 'stride' in options else 16, codec_type)
    if kind.startswith('ViTMoE'):
        type = 'MultiDatasetTopdownPoseEstimator'
        heads = dict(heads={name: head(len(order), own)
                            for name, order in FLIP.items()})
    else:
        heads = dict(head=head(len(FLIP['a']), own))
    return ConfigDict(
        type=type, **heads,
        data_preprocessor=dict(
            type='PoseDataPreprocessor', mean=[120., 110., 100.],
            std=[60., 50., 40.], bgr_to_rgb=True),
        backbone=backbone(kind, options, **changes),
        test_cfg=dict(test_cfg), train_cfg=dict(compute_acc=False))


def named(kind: str, options: Sequence[str] = (), **changes) -> ConfigDict:
    """The same of both datasets with one head that takes names."""
    config = estimator(kind, options, **changes)
    first = head(0, codec(8 if 'stride' in options else 16))
    del first['out_channels']
    # ConfigDict.update would mix the heads.
    return ConfigDict(dict(
        config, type='MultiDatasetTopdownPoseEstimator',
        head=dict(first, type='NamedHeatmapHead'),
        heads=dict(a=dict(names=['left knee', 'right knee', 'left hip',
                                 'right hip']),
                   b=dict(names=['nose', 'left knee', 'right knee']))))


def bottomup(kind: str, options: Sequence[str] = (), **changes) -> ConfigDict:
    """Config of a bottom-up model of the keypoints of 'a'."""
    return ConfigDict(
        type='BottomupPoseEstimator',
        data_preprocessor=estimator('ViT').data_preprocessor,
        backbone=backbone(kind, options, **changes),
        head=dict(
            type='AEHead', in_channels=DIM, num_keypoints=len(FLIP['a']),
            deconv_out_channels=(8, 8), deconv_kernel_sizes=(4, 4),
            decoder=dict(
                type='UDPAssociativeEmbedding', input_size=SIZE,
                heatmap_size=GRID, sigma=1,
                decode_keypoint_order=range(len(FLIP['a'])))))


def randomise(model: nn.Module, seed: int = 0) -> nn.Module:
    """Give a model weights of which each matters."""
    generator = torch.Generator().manual_seed(seed)
    for name, tensor in model.state_dict().items():
        if 'running_var' in name:
            tensor.uniform_(.5, 2, generator=generator)
        elif tensor.is_floating_point():
            tensor.normal_(std=.3, generator=generator)
    return model


def crops(count: int, seed: int = 0) -> torch.Tensor:
    """Normalised, (count, 3, h, w)."""
    return torch.randn(count, 3, *SIZE[::-1],
                       generator=torch.Generator().manual_seed(seed))


def sample(dataset: str, maps: Tuple[int, int], seed: int) -> PoseDataSample:
    """A person with targets of (w, h) heatmap pixels."""
    generator = torch.Generator().manual_seed(seed)
    number = len(FLIP[dataset])
    result = PoseDataSample(metainfo=dict(
        dataset_name=dataset, flip_indices=FLIP[dataset], input_size=SIZE,
        img_shape=SIZE[::-1], input_center=np.array([24., 32.]),
        input_scale=np.array([48., 64.])))
    result.gt_instances = InstanceData(
        bboxes=np.array([[0., 0., *SIZE]]), bbox_scores=np.ones(1))
    result.gt_fields = PixelData(heatmaps=torch.rand(
        number, *maps[::-1], generator=generator))
    result.gt_instance_labels = InstanceData(keypoint_weights=torch.ones(
        1, number))
    return result


def samples_for(config: dict, names: Sequence[str]) -> List[PoseDataSample]:
    """A sample for each name of a dataset, for a model's config."""
    first = config.get('head') or next(iter(config['heads'].values()))
    maps = first['decoder']['heatmap_size']
    return [sample(name, maps, seed) for seed, name in enumerate(names)]


def crowd(count: int) -> List[PoseDataSample]:
    """Images for a bottom-up model, each with two people."""
    samples = [sample('a', GRID, seed) for seed in range(count)]
    for seed, each in enumerate(samples):
        each.gt_fields = PixelData(
            heatmaps=each.gt_fields.heatmaps,
            heatmap_mask=torch.ones(1, *GRID[::-1], dtype=torch.bool))
        cells = torch.randint(0, GRID[0] * GRID[1], (2, 4), generator=torch.
                              Generator().manual_seed(seed))
        each.gt_instance_labels = InstanceData(keypoint_indices=torch.stack(
            [cells, torch.ones_like(cells)], -1))
        each.set_metainfo(dict(
            input_center=np.array([24., 32.]), input_scale=np.array(SIZE)))
    return samples


def losses(model: nn.Module, inputs: torch.Tensor,
           samples: List[PoseDataSample]) -> Dict[str, torch.Tensor]:
    """Losses of a batch, which a model may change."""
    return model(inputs, copy.deepcopy(samples), mode='loss')


def gradients(model: nn.Module, total: torch.Tensor) -> List[torch.Tensor]:
    """Of all parameters that learn, zeros where there are none."""
    return torch.autograd.grad(
        total, [param for param in model.parameters() if param.requires_grad],
        materialize_grads=True)
