# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import pytest
import torch
from mmengine.registry import MODELS

SIZE, PATCH, GRID = (64, 48), 16, (4, 3)
ARCH = dict(embed_dim=32, depth=2, num_heads=4)


@pytest.fixture
def mae(pretraining):

    def build(backbone: str = 'RectangularMAEViT'):
        model = MODELS.build(
            dict(
                type='MAE',
                backbone=dict(
                    type=backbone, arch=ARCH, img_size=SIZE, mask_ratio=0.75),
                neck=dict(
                    type='RectangularMAEDecoder',
                    embed_dim=32,
                    img_size=SIZE,
                    decoder_embed_dim=16,
                    decoder_depth=1,
                    decoder_num_heads=2),
                head=dict(
                    type='RectangularMAEHead',
                    img_size=SIZE,
                    loss=dict(type='PixelReconstructionLoss',
                              criterion='L2'))))
        model.init_weights()
        return model

    return build


def test_patches_and_back_is_the_image(mae):
    head, images = mae().head, torch.randn(2, 3, *SIZE)
    patches = head.patchify(images)
    assert patches.shape == (2, 12, PATCH * PATCH * 3)
    assert torch.equal(head.unpatchify(patches), images)
    # Patch 4 is row 1, column 1; its pixel (2, 5), green.
    assert torch.equal(patches[:, 4, (2 * PATCH + 5) * 3 + 1],
                       images[:, 1, PATCH + 2, PATCH + 5])


def test_patches_are_mmpretrains_on_a_square(pretraining, mmpretrain):
    loss = dict(type='PixelReconstructionLoss', criterion='L2')
    ours = pretraining.RectangularMAEHead(loss, img_size=(64, 64))
    stock = mmpretrain.models.MAEPretrainHead(loss)
    images = torch.randn(2, 3, 64, 64)
    patches = stock.patchify(images)
    assert torch.equal(ours.patchify(images), patches)
    assert torch.equal(ours.unpatchify(patches), stock.unpatchify(patches))


def test_loss_is_the_error_of_hidden_normalised_pixels(mae):
    head, images = mae().head.double(), torch.rand(2, 3, *SIZE).double()
    pred = torch.randn(2, 12, PATCH * PATCH * 3).double()
    mask = torch.zeros(2, 12).double()
    mask[0, 5] = mask[1, 0] = mask[1, 11] = 1
    errors = []
    for sample, patch in ((0, 5), (1, 0), (1, 11)):
        row, col = divmod(patch, GRID[1])
        target = images[sample, :, row * PATCH:(row + 1) * PATCH,
                        col * PATCH:(col + 1) * PATCH]
        target = (target - target.mean()) / (target.var() + 1e-6).sqrt()
        found = pred[sample, patch].view(PATCH, PATCH, 3).permute(2, 0, 1)
        errors.append((target - found).square().mean())
    torch.testing.assert_close(
        head.loss(pred, images, mask), torch.stack(errors).mean())


@pytest.mark.parametrize('backbone',
                         ['RectangularMAEViT', 'RectangularMAEViTAE'])
def test_model_sees_a_quarter_and_predicts_all(mae, backbone):
    model, images = mae(backbone), torch.randn(2, 3, *SIZE)
    latent, mask, order = model.backbone(images)
    assert latent.shape == (2, 1 + 3, 32)
    assert mask.sum(1).tolist() == [9, 9]
    assert model.neck(latent, order).shape == (2, 12, PATCH * PATCH * 3)
    # What is hidden does not reach the encoder.
    torch.manual_seed(3)
    latent, mask, _ = model.backbone(images)
    for where, is_same in ((mask, True), (1 - mask, False)):
        changed = model.head.patchify(images) + where[..., None]
        torch.manual_seed(3)
        again, _, _ = model.backbone(model.head.unpatchify(changed))
        assert torch.allclose(again, latent, atol=1e-5) == is_same


def test_masked_block_is_the_block_of_training(pretraining):
    from vitpose_mm.models.layers import (Attention, Mlp, ParallelConv,
                                          TokenLayout, ViTAEBlock)
    from vitpose_mm.pretraining.rectangular_mae_vitae import MaskedViTAELayer
    masked = MaskedViTAELayer(32, 4, 64).eval()
    block = ViTAEBlock(32, Attention(32, 4), Mlp(32, 64),
                       ParallelConv(32, kernel_size=1), 0.).eval()
    # Both list norm, attention, norm, feed-forward, convolution.
    for (_, a), (_, b) in zip(masked.named_parameters(),
                              block.named_parameters()):
        torch.nn.init.normal_(a, std=0.1)
        b.data.view(-1).copy_(a.data.view(-1))
    x = torch.randn(2, 1 + 12, 32)
    # The block wants what is no patch at the end.
    out = block(x.roll(-1, 1), TokenLayout(GRID)).roll(1, 1)
    torch.testing.assert_close(masked(x), out)


def test_weights_start_as_mae_draws_them(mae):
    model = mae()
    patches = model.backbone.patch_embed.projection.weight
    limit = (6 / (32 + 3 * PATCH * PATCH))**0.5
    assert 0.95 * limit < patches.abs().max() <= limit
    assert model.backbone.layers[0].attn.qkv.weight.abs().max() <= (
        6 / (32 + 96))**0.5
    from vitpose_mm.pretraining.patches import sincos_pos_embed
    for positions, dim in ((model.backbone.pos_embed, 32),
                           (model.neck.decoder_pos_embed, 16)):
        assert torch.equal(positions, sincos_pos_embed(GRID, dim))
        assert not positions.requires_grad
    for token in (model.backbone.cls_token, model.neck.mask_token):
        assert 0.01 < token.std() < 0.04


def test_other_sizes_than_the_configs_are_refused(mae):
    with pytest.raises(ValueError, match=r'\(48, 64\).*img_size=\(64, 48\)'):
        mae().head.patchify(torch.zeros(1, 3, 48, 64))


def test_names_of_sizes_are_ours(pretraining):
    with torch.device('meta'):
        small = pretraining.RectangularMAEViT('small')
    assert small.embed_dims == 384
    assert small.layers[0].attn.num_heads == 12
