# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import math

import pytest
import torch
from mmengine.runner import load_checkpoint
from timm.layers import SwiGLUPacked
from timm.models.vision_transformer import VisionTransformer

from vitpose_mm.checkpoints import CheckpointError
from vitpose_tools.checkpoint_tools.convert import convert


def timm_vit(fill, **options):
    sizes = dict(img_size=64, patch_size=16, embed_dim=48, depth=2,
                 num_heads=12, num_classes=5)
    return fill(VisionTransformer(**{**sizes, **options}))


@pytest.fixture
def mae_weights(fill):
    """Like MAE's release: encoder, class token, with or without decoder."""

    def make(patch_size=16, grid=14, full=False):
        vit = timm_vit(fill, patch_size=patch_size, num_classes=0,
                       img_size=patch_size * grid)
        weights = vit.state_dict()
        if full:
            weights.update(
                mask_token=torch.randn(1, 1, 32),
                decoder_pos_embed=torch.randn(1, 1 + grid**2, 32), **{
                    'decoder_embed.weight': torch.randn(32, 48),
                    'decoder_blocks.0.norm1.weight': torch.randn(32),
                    'decoder_pred.bias': torch.randn(768)})
        return weights

    return make


def cubic(x):
    """Weight of a sample at distance x, Keys' kernel with a = -0.75."""
    x, a = abs(x), -0.75
    if x < 1:
        return (a + 2) * x**3 - (a + 3) * x**2 + 1
    return a * x**3 - 5 * a * x**2 + 8 * a * x - 4 * a if x < 2 else 0


def resize_matrix(old, new):
    """Bicubic resampling of one axis as a (new, old) matrix, corners not
    aligned, border repeated."""
    matrix = torch.zeros(new, old, dtype=torch.float64)
    for i in range(new):
        centre = (i + 0.5) * old / new - 0.5
        for j in range(math.floor(centre) - 1, math.floor(centre) + 3):
            matrix[i, min(max(j, 0), old - 1)] += cubic(centre - j)
    return matrix


@pytest.mark.parametrize('full', [False, True])
@pytest.mark.parametrize('how', ['load_from', 'init_cfg'])
def test_mae_positions_go_from_square_to_crop(tmp_path, mae_weights,
                                              pose_model, full, how):
    weights = mae_weights(full=full)
    path = str(tmp_path / 'mae.pth')
    torch.save(dict(model=weights), path)
    model = pose_model(48)

    if how == 'load_from':
        load_checkpoint(model, path)
    else:
        model.backbone.init_cfg = dict(type='Pretrained', checkpoint=path)
        model.backbone.init_weights()

    grid = weights['pos_embed'][0, 1:].double().view(14, 14, 48)
    expected = torch.einsum('ip,jq,pqc->ijc', resize_matrix(14, 16),
                            resize_matrix(14, 12), grid)
    own = model.backbone
    torch.testing.assert_close(own.pos_embed[0].double(),
                               expected.flatten(0, 1), atol=1e-5, rtol=0)
    assert torch.equal(own.blocks[1].attn.qkv.weight,
                       weights['blocks.1.attn.qkv.weight'])
    assert torch.equal(own.last_norm.weight, torch.ones(48))


def test_14_pixel_patches_are_padded(tmp_path, mae_weights, pose_model):
    weights = mae_weights(patch_size=14, grid=16)
    torch.save(dict(model=weights), tmp_path / 'mae.pth')
    model = pose_model(48)

    load_checkpoint(model, str(tmp_path / 'mae.pth'))

    kernels = model.backbone.patch_embed.proj.weight
    assert torch.equal(kernels[:, :, 1:15, 1:15],
                       weights['patch_embed.proj.weight'])
    assert kernels.detach().abs().sum() == pytest.approx(
        weights['patch_embed.proj.weight'].abs().sum().item())


@pytest.mark.parametrize('options', [
    dict(),
    dict(init_values=0.3),
    dict(qkv_bias=False),
], ids=['plain', 'layer-scale', 'no-qkv-bias'])
def test_blocks_compute_what_timm_computes(tmp_path, fill, pose_model,
                                           options):
    peer = timm_vit(fill, class_token=False, global_pool='avg', **options)
    torch.save(peer.state_dict(), tmp_path / 'vit.pth')
    model = pose_model(48, img_size=(64, 64))
    load_checkpoint(model, str(tmp_path / 'vit.pth'))
    # timm cuts patches without ViTPose's padding.
    model.backbone.patch_embed.proj.padding = (0, 0)
    x = torch.randn(2, 3, 64, 64)

    with torch.no_grad():
        tokens = peer.pos_drop(peer._pos_embed(peer.patch_embed(x)))
        expected = model.backbone.last_norm(peer.blocks(tokens))
        features = model.backbone(x)[0].flatten(2).transpose(1, 2)

    torch.testing.assert_close(features, expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize('options,feature', [
    (dict(reg_tokens=4), 'register tokens'),
    (dict(qk_norm=True), 'norms of queries and keys'),
    (dict(pre_norm=True), 'a norm before the first block'),
    (dict(mlp_layer=SwiGLUPacked), 'a gated feed-forward network'),
    (dict(scale_attn_norm=True), 'an unknown part'),
])
@pytest.mark.parametrize('how', ['load_from', 'init_cfg', 'convert'])
def test_other_functions_are_refused_by_name(tmp_path, fill, pose_model,
                                             options, feature, how):
    path = str(tmp_path / 'vit.pth')
    torch.save(timm_vit(fill, **options).state_dict(), path)
    model = pose_model(48)
    model.backbone.init_cfg = dict(type='Pretrained', checkpoint=path)
    run = dict(
        load_from=lambda: load_checkpoint(model, path),
        init_cfg=lambda: model.backbone.init_weights(),
        convert=lambda: convert(path, tmp_path / 'out.pth', 'vitpose_mm'))

    with pytest.raises((ValueError, CheckpointError), match=feature):
        run[how]()

    assert not (tmp_path / 'out.pth').exists()


def test_dinov2_names_are_known(tmp_path, fill, pose_model):
    weights = timm_vit(fill, init_values=1., num_classes=0).state_dict()
    weights['mask_token'] = torch.zeros(1, 48)
    torch.save(weights, tmp_path / 'dinov2.pth')
    model = pose_model(48)

    load_checkpoint(model, str(tmp_path / 'dinov2.pth'))

    torch.testing.assert_close(
        model.backbone.blocks[0].attn.proj.bias,
        weights['blocks.0.attn.proj.bias'] * weights['blocks.0.ls1.gamma'])
