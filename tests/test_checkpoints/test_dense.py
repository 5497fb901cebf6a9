# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""One dataset out of a joint model that this package has trained."""
from typing import Optional

import pytest
import torch
from mmpose.registry import MODELS

from vitpose_mm.checkpoints import CheckpointError
from vitpose_tools.checkpoint_tools.convert import convert
from vitpose_tools.checkpoint_tools.inspect import inspect_checkpoint

TINY = dict(embed_dim=32, depth=2, num_heads=4)
# Not the alphabet's order: .safetensors files sort their names.
DATASETS = dict(mpii=16, coco=17, aic=14)
FFNS = ('partial', 'independent', 'shared_independent')


def head(num_keypoints: int) -> dict:
    return dict(
        type='HeatmapHead',
        in_channels=32,
        out_channels=num_keypoints,
        deconv_out_channels=(),
        deconv_kernel_sizes=(),
        final_layer=dict(kernel_size=3, padding=1))


@pytest.fixture
def joint(tmp_path, fill):
    def make(ffn: Optional[str]):
        experts = dict(type='ViTMoE', num_experts=3, ffn=ffn)
        model = fill(
            MODELS.build(
                dict(
                    type='MultiDatasetTopdownPoseEstimator',
                    backbone=dict(
                        arch=TINY,
                        img_size=(64, 48),
                        **(experts if ffn else dict(type='ViT'))),
                    heads={k: head(n)
                           for k, n in DATASETS.items()})))
        path = tmp_path / 'joint.pth'
        torch.save(dict(meta={}, state_dict=model.state_dict()), path)
        return model, path

    return make


@pytest.mark.parametrize('ffn', FFNS + (None, ))
@pytest.mark.parametrize('suffix', ['pth', 'safetensors'])
def test_dense_file_computes_what_the_joint_model_does(joint, tmp_path, ffn,
                                                       suffix):
    model, path = joint(ffn)
    x = torch.randn(2, 3, 64, 48)
    between = tmp_path / f'between.{suffix}'
    convert(path, between, 'vitpose_mm')
    for index, (dataset, num_keypoints) in enumerate(DATASETS.items()):
        dense = tmp_path / f'{dataset}.pth'
        convert(between, dense, 'vitpose_mm', dataset)
        size = dict(TINY, mlp_ratio=8) if ffn == 'shared_independent' else TINY
        alone = MODELS.build(
            dict(
                type='TopdownPoseEstimator',
                backbone=dict(type='ViT', arch=size, img_size=(64, 48)),
                head=head(num_keypoints))).eval()
        alone.load_state_dict(
            torch.load(dense, weights_only=True)['state_dict'])
        expert = [torch.full((2, ), index)] if ffn else []
        feats = model.backbone(x, *expert)
        torch.testing.assert_close(
            alone(x, None, mode='tensor'), model.heads[dataset](feats))


@pytest.mark.parametrize('ffn', FFNS)
def test_inspect_names_experts_and_datasets_in_their_order(
        joint, tmp_path, ffn):
    _, path = joint(ffn)
    convert(path, tmp_path / 'between.safetensors', 'vitpose_mm')
    for name in ('joint.pth', 'between.safetensors'):
        facts = inspect_checkpoint(tmp_path / name)
        assert facts['datasets'] == list(DATASETS)
        assert facts['ffn'] == ffn
        assert facts['part_features'] == (8 if ffn == 'partial' else None)
        assert facts['hidden_dim'] == 128
        assert not any('missing' in line for line in facts['unusual'])


def test_of_several_heads_on_one_vit_an_absent_one_is_named(joint, tmp_path):
    _, path = joint(None)
    with pytest.raises(CheckpointError, match="no head for 'ap10k'; it has "
                       'mpii, coco, aic'):
        convert(path, tmp_path / 'out.pth', 'vitpose_mm', 'ap10k')


@pytest.mark.parametrize('layout', ['official', 'hf', 'mmpose'])
def test_other_layouts_refuse_whole_experts_by_name(joint, tmp_path, layout):
    _, path = joint('independent')
    target = tmp_path / ('folder' if layout == 'hf' else 'out.pth')
    with pytest.raises(CheckpointError, match='independent experts.*'
                       f"'{layout}'.*--dataset: mpii, coco, aic"):
        convert(path, target, layout)
    assert not target.exists()


def test_official_layout_keeps_the_order_of_own_datasets(joint, tmp_path):
    _, path = joint('partial')
    convert(path, tmp_path / 'official.pth', 'official')
    names = torch.load(
        tmp_path / 'official.pth', weights_only=True)['state_dict']
    rows = [
        len(names[f'{name}.final_layer.bias'])
        for name in ('keypoint_head', 'associate_keypoint_heads.0',
                     'associate_keypoint_heads.1')
    ]
    assert rows == list(DATASETS.values())
