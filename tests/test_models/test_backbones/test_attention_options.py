# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Attention types and feature stride of the ViT."""
import pytest
import torch
from mmpose.registry import MODELS
from torch.utils.flop_counter import FlopCounterMode

from vitpose_mm.models import ViT
from vitpose_mm.models.layers import WindowAttention

TINY = dict(embed_dim=32, depth=4, num_heads=4)
# Stride 8 on 64x48 pixels: 8x6 patches, which 4x4 does not fit.
BOTH = dict(
    window_size=(4, 4), shift=True, pooling=True, rel_pos=True)


def tiny_vit(attention=None, **options) -> ViT:
    vit = MODELS.build(
        dict(
            type='ViT',
            arch=TINY,
            img_size=(64, 48),
            patch_stride=8,
            attention=attention,
            **options))
    for param in vit.parameters():
        torch.nn.init.normal_(param, std=0.1)
    return vit.eval()


def images(h: int = 64, w: int = 48) -> torch.Tensor:
    return torch.randn(2, 3, h, w)


@pytest.mark.parametrize('options, gmacs', [
    (dict(), 76.55),
    (dict(window_size=(8, 8)), 66.59),
    (dict(window_size=(8, 8), shift=True), 66.59),
    (dict(window_size=(8, 8), pooling=True), 66.76),
    (dict(window_size=(8, 8), shift=True, pooling=True), 66.76),
    (dict(window_size=(8, 8), full_attention_blocks=(2, 5, 8, 11)), 69.91),
    (dict(window_size=(16, 12), shift=True, pooling=True), 68.46),
])
def test_multiply_adds_at_stride_8(options, gmacs):
    with torch.device('meta'):
        vit = ViT(patch_stride=8, attention=options).eval()
        with FlopCounterMode(display=False) as counter:
            vit(torch.empty(1, 3, 256, 192))
    assert counter.get_total_flops() / 2e9 == pytest.approx(gmacs, abs=0.005)


def test_odd_blocks_shift_and_listed_blocks_are_full():
    options = dict(BOTH, full_attention_blocks=(1, -4), rel_pos=False)
    attns = [block.attn for block in tiny_vit(options).blocks]
    assert [type(attn) is WindowAttention for attn in attns] == [
        False, False, True, True]
    assert [attn.shift for attn in attns[2:]] == [False, True]
    assert all(attn.pooling for attn in attns[2:])


def test_full_blocks_have_relative_positions_too():
    vit = tiny_vit(dict(BOTH, full_attention_blocks=(0, )))
    sizes = [len(block.attn.rel_pos.rows) for block in vit.blocks]
    assert sizes == [15, 7, 7, 7]
    assert not vit.blocks[0].attn.pooling


def test_fresh_relative_positions_change_nothing():
    vit, plain = tiny_vit(BOTH), tiny_vit(dict(BOTH, rel_pos=False))
    for block in vit.blocks:
        for table in block.attn.rel_pos.parameters():
            torch.nn.init.zeros_(table)
    plain.load_state_dict({
        name: tensor for name, tensor in vit.state_dict().items()
        if 'rel_pos' not in name})
    x = images()
    torch.testing.assert_close(vit(x)[0], plain(x)[0])


def test_maps_have_an_eighth_of_the_image():
    assert tiny_vit(BOTH)(images())[0].shape == (2, 32, 8, 6)
    assert tiny_vit(BOTH)(images(100, 75))[0].shape == (2, 32, 12, 9)


def test_patch_at_stride_8_is_centred_on_its_eight_pixels():
    vit = tiny_vit()
    proj = vit.patch_embed.proj
    assert (proj.kernel_size, proj.stride, proj.padding) == ((16, 16), (8, 8),
                                                             (4, 4))
    x = torch.zeros(1, 3, 64, 48)
    x[..., 8:16, 16:24] = 1.
    torch.nn.init.ones_(proj.weight)
    torch.nn.init.zeros_(proj.bias)
    tokens, grid = vit.patch_embed(x)
    assert grid == (8, 6) and tokens[0, :, 0].view(grid).argmax() == 1 * 6 + 2


@pytest.mark.parametrize('options', [BOTH, dict(rel_pos=True)])
def test_checkpointing_changes_neither_output_nor_gradient(options):
    x, plain, saving = images(), tiny_vit(options), tiny_vit(
        options, with_cp=True)
    saving.load_state_dict(plain.state_dict())
    for vit in (plain.train(), saving.train()):
        vit(x)[0].square().sum().backward()
    for a, b in zip(plain.parameters(), saving.parameters()):
        assert a.grad is not None
        torch.testing.assert_close(a.grad, b.grad)


@pytest.mark.parametrize('options', [
    dict(type='ViTMoE', num_experts=2), dict(type='ViTAE'),
    dict(type='ViT', num_knowledge_tokens=2, train_knowledge_token=True)])
def test_other_backbones_have_the_same_options(options):
    vit = MODELS.build(
        dict(
            arch=TINY, img_size=(64, 48), patch_stride=8, attention=BOTH,
            **options))
    indices = [torch.tensor([1, 0])] if options['type'] == 'ViTMoE' else []
    maps, = vit(images(), *indices)
    assert maps.shape == (2, 32, 8, 6)
    maps.square().sum().backward()
    assert all(p.grad is not None for p in vit.parameters())


@pytest.mark.slow
@pytest.mark.parametrize('with_cp', [False, True])
@pytest.mark.parametrize('options', [
    dict(BOTH, shift=False, pooling=False, rel_pos=False), BOTH,
    dict(rel_pos=True)])
def test_compiles_into_one_graph(options, with_cp):
    vit, x = tiny_vit(options, with_cp=with_cp).train(), images()
    compiled = torch.compile(vit, fullgraph=True, backend='aot_eager')
    torch.testing.assert_close(compiled(x)[0], vit(x)[0])
    compiled(x)[0].sum().backward()
    assert all(p.grad is not None for p in vit.parameters())


def test_stride_8_starts_from_a_file_of_stride_16():
    file = ViT(arch=TINY, img_size=(64, 48)).state_dict()
    vit = tiny_vit(BOTH)
    missing = vit.load_state_dict(file, strict=False).missing_keys
    assert missing == [f'blocks.{i}.attn.rel_pos.{axis}' for i in range(4)
                       for axis in ('rows', 'cols')]
    assert vit.pos_embed.shape == (1, 48, 32)


@pytest.mark.parametrize('attention, message', [
    ('windows', "attention='windows' must be None.* or a dict"),
    (dict(window_sise=(8, 8)),
     r"attention has no 'window_sise' \(did you mean 'window_size'\?\)"),
    (dict(type='window'), "attention has no 'type'; its keys are window_size"),
    (dict(window_size=8), r'attention.window_size=8 must be \(h, w\)'),
    (dict(window_size=(8, 0)), r'window_size=\(8, 0\)'),
    (dict(window_size=(8., 8)), r'window_size=\(8.0, 8'),
    (dict(shift=True),
     r'attention=dict\(shift=True\) has no windows: add window_size'),
    (dict(pooling=True), 'has no windows'),
    (dict(full_attention_blocks=(1, )), 'has no windows'),
    (dict(rel_pos='yes'), "attention.rel_pos='yes' must be True or False"),
    (dict(BOTH, pooling=1), 'attention.pooling=1 must be True or False'),
    (dict(BOTH, full_attention_blocks=(4, )),
     r'attention.full_attention_blocks=\(4,\).*\[-4, 3\]'),
    (dict(BOTH, full_attention_blocks=2), 'full_attention_blocks=2 must be'),
])
def test_wrong_attention_names_the_value_and_the_choices(attention, message):
    with pytest.raises(ValueError, match=message):
        ViT(arch=TINY, img_size=(64, 48), attention=attention)


@pytest.mark.parametrize('stride', [0, 32, 8.])
def test_wrong_stride_names_the_value_and_the_choices(stride):
    with pytest.raises(ValueError, match=f'patch_stride={stride} must .* '
                       'from 1 to patch_size, 16'):
        ViT(arch=TINY, img_size=(64, 48), patch_stride=stride)


@pytest.mark.parametrize('backbone', [
    dict(type='ViT'), dict(type='ViTMoE', num_experts=2), dict(type='ViTAE')])
@pytest.mark.parametrize('old, new', [
    (dict(attention='window', window_size=(8, 6), shift=True, rel_pos=True),
     dict(window_size=(8, 6), shift=True, rel_pos=True)),
    (dict(attention='full', rel_pos=True), dict(rel_pos=True)),
    (dict(attention='full'), dict()),
    # A child of a config that has been changed already.
    (dict(attention=dict(window_size=(8, 8)), pooling=True,
          full_attention_blocks=[1]),
     dict(window_size=(8, 8), pooling=True, full_attention_blocks=[1])),
])
def test_old_arguments_are_answered_with_the_new_form(backbone, old, new):
    backbone = dict(arch=TINY, img_size=(64, 48), **backbone)
    with pytest.raises(ValueError, match='all of attention is one dict') as e:
        MODELS.build(dict(backbone, **old))
    written = str(e.value).rpartition('write ')[2]
    assert written.startswith('attention=dict(')
    told = eval(f'dict({written})')
    assert told == dict(attention=new)
    assert MODELS.build(dict(backbone, **told)).attention == ViT(
        arch=TINY, attention=new).attention
