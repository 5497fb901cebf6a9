# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import pytest
import torch
from mmpose.registry import MODELS

from vitpose_mm.models import ViT
from vitpose_mm.models.layers import TokenLayout, resize_pos_embed

TINY = dict(embed_dim=32, depth=4, num_heads=4)


def tiny_vit(**options) -> ViT:
    vit = MODELS.build(
        dict(type='ViT', arch=TINY, img_size=(64, 48), **options))
    for param in vit.parameters():
        torch.nn.init.normal_(param, std=0.1)
    return vit.eval()


def images(h: int = 64, w: int = 48) -> torch.Tensor:
    return torch.randn(2, 3, h, w)


def trained(vit: ViT) -> set:
    return {name for name, p in vit.named_parameters() if p.requires_grad}


def test_maps_have_a_sixteenth_of_the_image():
    maps, = tiny_vit()(images())
    assert maps.shape == (2, 32, 4, 3)
    assert maps.is_contiguous(memory_format=torch.channels_last)


def test_out_indices_return_intermediate_blocks():
    x = images()
    vit = tiny_vit(out_indices=(1, -1))
    middle, last = vit(x)
    assert torch.equal(last, tiny_like(vit, (-1, ))(x)[0])
    tokens, grid = vit.patch_embed(x)
    layout = TokenLayout(grid)
    tokens = vit.blocks[0](tokens + vit.pos_embed, layout)
    tokens = vit.blocks[1](tokens, layout)
    assert torch.equal(middle.flatten(2).transpose(1, 2), tokens)


def tiny_like(vit: ViT, out_indices) -> ViT:
    other = tiny_vit(out_indices=out_indices)
    other.load_state_dict(vit.state_dict())
    return other


def test_checkpointing_changes_neither_output_nor_gradient():
    x, plain, saving = images(), tiny_vit(), tiny_vit(with_cp=True)
    saving.load_state_dict(plain.state_dict())
    for vit in (plain.train(), saving.train()):
        vit(x)[0].square().sum().backward()
    for a, b in zip(plain.parameters(), saving.parameters()):
        torch.testing.assert_close(a.grad, b.grad)


def test_bf16_autocast_stays_close_to_fp32():
    vit, x = tiny_vit(), images()
    with torch.autocast('cpu', dtype=torch.bfloat16):
        half = vit(x)[0]
    torch.testing.assert_close(half.float(), vit(x)[0], atol=0.05, rtol=0.05)


def test_other_image_size_resizes_the_position_embedding():
    vit, x = tiny_vit(), images(96, 80)
    larger = MODELS.build(dict(type='ViT', arch=TINY, img_size=(96, 80)))
    state = vit.state_dict()
    state['pos_embed'] = resize_pos_embed(vit.pos_embed, (4, 3), (6, 5))
    larger.load_state_dict(state)
    assert torch.equal(vit(x)[0], larger.eval()(x)[0])


def test_loading_resizes_the_position_embedding():
    vit = tiny_vit()
    larger = MODELS.build(dict(type='ViT', arch=TINY, img_size=(96, 80)))
    larger.load_state_dict(vit.state_dict())
    expected = torch.nn.functional.interpolate(
        vit.pos_embed.reshape(1, 4, 3, 32).permute(0, 3, 1, 2),
        size=(6, 5),
        mode='bicubic',
        align_corners=False)
    torch.testing.assert_close(
        larger.pos_embed.transpose(1, 2).reshape(1, 32, 6, 5), expected)


def test_drop_path_grows_linearly_from_zero():
    rates = [
        block.drop_path.drop_prob
        for block in tiny_vit(drop_path_rate=0.3).blocks
    ]
    assert rates == pytest.approx([0., 0.1, 0.2, 0.3])


@pytest.mark.parametrize('stages', [0, 1, 3, 4])
def test_frozen_stages_freeze_embeddings_and_exactly_that_many_blocks(stages):
    vit = tiny_vit(frozen_stages=stages)
    kept = {f'blocks.{i}.' for i in range(stages, 4)} | {'last_norm.'}
    assert trained(vit) == {
        name
        for name in vit.state_dict() if name.startswith(tuple(kept))
    }
    assert vit.train() is vit
    assert [block.training for block in vit.blocks] == [
        i >= stages for i in range(4)
    ]
    assert not vit.patch_embed.training and vit.last_norm.training


def test_nothing_is_frozen_by_default():
    vit = tiny_vit()
    assert trained(vit) == set(vit.state_dict())


def test_linear_layers_start_from_a_truncated_normal():
    vit = MODELS.build(
        dict(type='ViT', arch=dict(embed_dim=96, depth=1, num_heads=3)))
    vit.init_weights()
    for param in (vit.pos_embed, vit.blocks[0].mlp.fc1.weight):
        assert param.std().item() == pytest.approx(0.02, rel=0.05)
    assert not vit.blocks[0].attn.qkv.bias.any()


@pytest.mark.parametrize(
    'options, message',
    [(dict(arch='bse'), r"arch='bse' is not one of .*'base'"),
     (dict(arch=dict(embed_dim=32)), 'dict.embed_dim=, depth='),
     (dict(arch=dict(embed_dim=32, depth=2, num_heads=5)), 'a multiple of'),
     (dict(arch=dict(embed_dim=32, depth=0, num_heads=4)), 'positive'),
     (dict(frozen_stages=5), 'frozen_stages=5'),
     (dict(out_indices=(4, )), r'out_indices=\(4,\).*4 blocks'),
     (dict(img_size=(8, 48)), '8x48 pixels .* smaller than one patch')])
def test_wrong_argument_names_the_value_and_the_choices(options, message):
    with pytest.raises(ValueError, match=message):
        ViT(**{'arch': TINY, 'img_size': (64, 48), **options})
