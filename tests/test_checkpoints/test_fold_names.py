# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""One dataset out of a joint model whose datasets share one head."""
import pytest
import torch
from mmpose.registry import MODELS
from torch import nn

from vitpose_mm.checkpoints import CheckpointError
from vitpose_tools.checkpoint_tools.convert import convert

TINY = dict(embed_dim=32, depth=2, num_heads=4)
KEYPOINTS = dict(mpii=16, coco=17, aic=14)
DECODERS = dict(
    classic=dict(deconv_out_channels=(8, 12), deconv_kernel_sizes=(4, 4)),
    simple=dict(deconv_out_channels=None, deconv_kernel_sizes=None,
                final_layer=dict(kernel_size=3, padding=1)))


def build(decoder: str) -> nn.Module:
    return MODELS.build(dict(
        type='MultiDatasetTopdownPoseEstimator',
        backbone=dict(type='ViTMoE', num_experts=3, arch=TINY,
                      img_size=(64, 48)),
        head=dict(type='NamedHeatmapHead', in_channels=32,
                  hidden_channels=24, **DECODERS[decoder]),
        heads={name: {} for name in KEYPOINTS}))


@pytest.mark.parametrize('suffix', ['pth', 'safetensors'])
@pytest.mark.parametrize('decoder', list(DECODERS))
def test_a_dataset_becomes_a_stock_model_with_its_names_folded(
        fill, tmp_path, decoder, suffix):
    joint = fill(build(decoder))
    path, between = tmp_path / 'joint.pth', tmp_path / f'between.{suffix}'
    torch.save(dict(meta={}, state_dict=joint.state_dict()), path)
    convert(path, between, 'vitpose_mm')
    x = torch.randn(2, 3, 64, 48)
    for index, (dataset, K) in enumerate(KEYPOINTS.items()):
        file = tmp_path / f'{dataset}.pth'
        state = torch.get_rng_state()
        convert(between, file, 'vitpose_mm', dataset)
        assert torch.equal(torch.get_rng_state(), state)
        alone = MODELS.build(dict(
            type='TopdownPoseEstimator',
            backbone=dict(type='ViT', arch=TINY, img_size=(64, 48)),
            head=dict(type='HeatmapHead', in_channels=32, out_channels=K,
                      **DECODERS[decoder]))).eval()
        alone.load_state_dict(
            torch.load(file, weights_only=True)['state_dict'])
        expected = joint.heads[dataset](joint.extract_feat(x, index))
        torch.testing.assert_close(alone(x, None, mode='tensor'), expected,
                                   atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize('lost', [
    'head.filters.layers.2.bias', 'heads.aic.final_layer.sides'])
def test_a_file_that_lacks_what_makes_filters_is_refused(tmp_path, lost):
    tensors = dict(build('classic').state_dict())
    del tensors[lost]
    path = tmp_path / 'joint.pth'
    torch.save(dict(meta={}, state_dict=tensors), path)
    with pytest.raises(CheckpointError, match=f'lacks {lost}'):
        convert(path, tmp_path / 'out.pth', 'vitpose_mm')
    with pytest.raises(CheckpointError, match=f'lacks {lost}'):
        convert(path, tmp_path / 'out.pth', 'vitpose_mm', 'aic')


@pytest.mark.parametrize(('key', 'change'), [
    ('head.filters.layers.2.bias', lambda tensor: tensor[:-3]),
    ('head.filters.sides.weight', lambda tensor: tensor[:, :-1]),
    ('heads.aic.final_layer.sides', lambda tensor: tensor + 100),
    ('heads.aic.final_layer.vectors', lambda tensor: tensor[:-1]),
])
def test_tensors_that_do_not_fit_together_are_named(tmp_path, key, change):
    tensors = dict(build('classic').state_dict())
    tensors[key] = change(tensors[key])
    path = tmp_path / 'joint.pth'
    torch.save(dict(meta={}, state_dict=tensors), path)
    with pytest.raises(CheckpointError, match='joint.pth do not fit together'):
        convert(path, tmp_path / 'out.pth', 'vitpose_mm', 'aic')
    assert not (tmp_path / 'out.pth').exists()
