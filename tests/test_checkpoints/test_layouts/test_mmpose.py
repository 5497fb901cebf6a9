# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import pytest
import torch
from mmengine.config import Config
from mmengine.runner import load_checkpoint
from mmpose.models import build_pose_estimator
from mmpose.registry import MODELS

from vitpose_tools.checkpoint_tools.convert import convert


@pytest.fixture
def stock_model(mmpretrain, fill):
    """MMPose's own ViTPose, of the size that pose_model builds."""

    def build(decoder='classic', dim=96, depth=2, num_heads=12, **backbone):
        simple = decoder == 'simple'
        model = dict(
            type='TopdownPoseEstimator',
            backbone=dict(
                type='mmpretrain.VisionTransformer',
                arch=dict(embed_dims=dim, num_layers=depth,
                          num_heads=num_heads,
                          feedforward_channels=4 * dim),
                img_size=(256, 192), patch_size=16, qkv_bias=True,
                with_cls_token=False, out_type='featmap',
                patch_cfg=dict(padding=2), **backbone),
            head=dict(
                type='HeatmapHead', in_channels=dim, out_channels=17,
                deconv_out_channels=[] if simple else (256, 256),
                deconv_kernel_sizes=[] if simple else (4, 4),
                loss=dict(type='KeypointMSELoss')))
        if simple:
            model['head']['final_layer'] = dict(kernel_size=3, padding=1)
            model['neck'] = dict(type='FeatureMapProcessor', scale_factor=4.,
                                 apply_relu=True)
        return fill(build_pose_estimator(Config(model)))

    return build


@pytest.fixture
def images():
    return torch.randn(2, 3, 256, 192)


@pytest.mark.parametrize('decoder', ['classic', 'simple'])
def test_their_file_gives_their_heatmaps(tmp_path, stock_model, pose_model,
                                         heatmaps, images, decoder):
    peer = stock_model(decoder)
    torch.save(dict(state_dict=peer.state_dict()), tmp_path / 'theirs.pth')
    model = pose_model(decoder=decoder)

    load_checkpoint(model, str(tmp_path / 'theirs.pth'), strict=True)

    torch.testing.assert_close(heatmaps(model, images), heatmaps(peer, images),
                               atol=1e-5, rtol=0)


@pytest.mark.parametrize('decoder', ['classic', 'simple'])
def test_our_file_gives_our_heatmaps_there(tmp_path, fill, stock_model,
                                           pose_model, heatmaps, images,
                                           decoder):
    model = fill(pose_model(decoder=decoder))
    torch.save(dict(state_dict=model.state_dict()), tmp_path / 'ours.pth')
    peer = stock_model(decoder)

    convert(tmp_path / 'ours.pth', tmp_path / 'theirs.pth', 'mmpose')
    load_checkpoint(peer, str(tmp_path / 'theirs.pth'), strict=True)

    torch.testing.assert_close(heatmaps(peer, images), heatmaps(model, images),
                               atol=1e-5, rtol=0)


def test_their_file_still_loads_into_their_model(tmp_path, stock_model,
                                                 heatmaps, images):
    peer, other = stock_model(), stock_model()
    torch.save(dict(state_dict=peer.state_dict()), tmp_path / 'theirs.pth')

    load_checkpoint(other, str(tmp_path / 'theirs.pth'), strict=True)

    assert torch.equal(heatmaps(other, images), heatmaps(peer, images))


@pytest.mark.parametrize('with_cls_token', [True, False])
@pytest.mark.parametrize('prefix', ['', 'backbone.'])
def test_their_mae_file_initialises_our_backbone(tmp_path, stock_model,
                                                 pose_model, with_cls_token,
                                                 prefix):
    weights = dict(stock_model().backbone.state_dict())
    slots = torch.randn(1, 196, 96)
    weights['pos_embed'] = slots
    if with_cls_token:
        weights['pos_embed'] = torch.cat([torch.full((1, 1, 96), 9.), slots],
                                         dim=1)
        weights['cls_token'] = torch.randn(1, 1, 96)
    torch.save(dict(state_dict={prefix + key: value
                                for key, value in weights.items()}),
               tmp_path / 'mae.pth')
    model = pose_model(init_cfg=dict(type='Pretrained',
                                     checkpoint=str(tmp_path / 'mae.pth')))

    model.backbone.init_weights()

    own = model.backbone
    expected = torch.nn.functional.interpolate(
        slots.view(1, 14, 14, 96).permute(0, 3, 1, 2), (16, 12),
        mode='bicubic').flatten(2).transpose(1, 2)
    torch.testing.assert_close(own.pos_embed, expected)
    assert torch.equal(own.blocks[1].mlp.fc1.weight,
                       weights['layers.1.ffn.layers.0.0.weight'])
    # A class token tells pre-training, whose final norm is not ViTPose's.
    fresh = torch.equal(own.last_norm.weight, torch.ones(96))
    assert fresh == with_cls_token


def test_layer_scale_of_theirs_is_refused(tmp_path, mmpretrain, pose_model):
    vit = MODELS.build(dict(
        type='mmpretrain.VisionTransformer', layer_scale_init_value=0.1,
        arch=dict(embed_dims=96, num_layers=2, num_heads=12,
                  feedforward_channels=384)))
    torch.save(dict(state_dict=vit.state_dict()), tmp_path / 'vit.pth')
    model = pose_model(init_cfg=dict(type='Pretrained',
                                     checkpoint=str(tmp_path / 'vit.pth')))

    with pytest.raises(ValueError, match='gamma1'):
        model.backbone.init_weights()


@pytest.mark.parametrize('suffix', ['.pth', '.safetensors'])
def test_round_trip_is_exact(tmp_path, stock_model, suffix):
    weights = stock_model('simple').state_dict()
    torch.save(dict(state_dict=weights), tmp_path / 'theirs.pth')

    convert(tmp_path / 'theirs.pth', tmp_path / f'ours{suffix}', 'vitpose_mm')
    convert(tmp_path / f'ours{suffix}', tmp_path / 'back.pth', 'mmpose')

    back = torch.load(tmp_path / 'back.pth', weights_only=True)['state_dict']
    assert back.keys() == weights.keys()
    assert all(torch.equal(back[key], weights[key]) for key in weights)


def test_backbone_without_prefix_loads_into_a_whole_model(
        tmp_path, stock_model, pose_model):
    path = tmp_path / 'backbone.pth'
    weights = stock_model().backbone.state_dict()
    torch.save(dict(state_dict=weights), path)
    model = pose_model()

    load_checkpoint(model, str(path))

    own = model.backbone.blocks[1].mlp.fc2.weight
    assert torch.equal(own, weights['layers.1.ffn.layers.1.weight'])
