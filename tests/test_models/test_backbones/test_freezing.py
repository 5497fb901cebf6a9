# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import pytest
import torch
from mmengine.optim import build_optim_wrapper
from mmpose.registry import MODELS

from vitpose_mm.models import ViT

TINY = dict(embed_dim=32, depth=3, num_heads=4)


def tiny_vit(freeze, **options) -> ViT:
    return MODELS.build(
        dict(
            type='ViT',
            arch=TINY,
            img_size=(64, 48),
            freeze=freeze,
            **options))


def frozen(vit: ViT) -> set:
    """Modules and embeddings of which no parameter is trained."""
    return {
        name.rsplit('.', 1)[0] if name != 'pos_embed' else name
        for name, p in vit.named_parameters() if not p.requires_grad
    }


def parts(*names) -> set:
    return {f'blocks.{i}.{name}' for i in range(3) for name in names}


@pytest.mark.parametrize('freeze, expected', [
    ((), set()),
    (('attn', ), parts('attn.qkv', 'attn.proj')),
    (('ffn', ), parts('mlp.fc1', 'mlp.fc2')),
    # freeze_attn=True, freeze_ffn=True and frozen_stages=1 of the official
    # code; the last skips block 0.
    (('attn', 'norm1'), parts('attn.qkv', 'attn.proj', 'norm1')),
    (('ffn', 'norm2', 'patch_embed', 'pos_embed'),
     parts('mlp.fc1', 'mlp.fc2', 'norm2') | {'patch_embed.proj', 'pos_embed'}),
    (('patch_embed', 'blocks.1'), {
        'patch_embed.proj', 'blocks.1.norm1', 'blocks.1.attn.qkv',
        'blocks.1.attn.proj', 'blocks.1.norm2', 'blocks.1.mlp.fc1',
        'blocks.1.mlp.fc2'
    }),
])
def test_freezes_exactly_the_named_parts(freeze, expected):
    assert frozen(tiny_vit(freeze)) == expected


def test_frozen_stages_add_to_frozen_parts():
    vit = tiny_vit(('attn', ), frozen_stages=0)
    assert frozen(vit) == parts('attn.qkv', 'attn.proj') | {
        'patch_embed.proj', 'pos_embed'}


def test_frozen_parts_stay_in_eval_mode():
    vit = tiny_vit(('ffn', )).train()
    for block in vit.blocks:
        assert block.training and block.attn.training
        assert not any(module.training for module in block.mlp.modules())


def test_frozen_parts_are_not_in_the_optimiser():
    vit = tiny_vit(('attn', ))
    wrapper = build_optim_wrapper(
        vit,
        dict(
            optimizer=dict(type='AdamW', lr=1e-3, weight_decay=0.1),
            constructor='ViTLayerDecayOptimWrapperConstructor',
            paramwise_cfg=dict(layer_decay_rate=0.75)))
    held = {id(p) for g in wrapper.optimizer.param_groups for p in g['params']}
    assert held == {id(p) for n, p in vit.named_parameters()
                    if '.attn.' not in n}


def saved_bytes(vit: ViT) -> int:
    """Activations that training keeps for the backward pass."""
    weights = {p.untyped_storage().data_ptr() for p in vit.parameters()}
    sizes = {}

    def note(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            sizes[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda t: t):
        maps = vit(torch.randn(2, 3, 64, 48))
    assert maps[0].requires_grad
    return sum(sizes.values())


@pytest.mark.parametrize('freeze, unneeded', [
    # Inputs of frozen linear layers, in units of tokens times channels: of
    # qkv and proj (which attention keeps all the same); of fc1 and fc2.
    (('attn', ), 1),
    (('ffn', ), 1 + 4),
])
def test_inputs_of_frozen_layers_are_not_kept(freeze, unneeded):
    unit = 2 * 4 * 3 * 32 * 4
    saved = saved_bytes(tiny_vit(())) - saved_bytes(tiny_vit(freeze))
    assert saved == 3 * unneeded * unit


@pytest.mark.parametrize('freeze, message', [
    ('attn', r"freeze='attn' must be a tuple"),
    (('mhsa', ), "'mhsa' is none of .*'attn'.*'blocks.0' to 'blocks.2'"),
    (('blocks.3', ), "'blocks.3' is none of"),
])
def test_wrong_part_names_the_choices(freeze, message):
    with pytest.raises(ValueError, match=message):
        ViT(arch=TINY, img_size=(64, 48), freeze=freeze)


@pytest.mark.parametrize('stages', ['1', 1., 4, -2])
def test_wrong_number_of_stages_names_the_range(stages):
    with pytest.raises(
            ValueError, match=f'frozen_stages={stages!r} is not .*depth, 3'):
        ViT(arch=TINY, img_size=(64, 48), frozen_stages=stages)
