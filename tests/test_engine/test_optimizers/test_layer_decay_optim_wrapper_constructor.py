# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import pytest
import torch
from mmengine.model import BaseModule, MMDistributedDataParallel
from mmengine.optim import build_optim_wrapper
from mmpose.registry import MODELS
from torch import nn

RATE, LR, DECAY, DEPTH = 0.75, 5e-4, 0.1, 3


class Estimator(BaseModule):

    def __init__(self, **options) -> None:
        super().__init__()
        self.backbone = MODELS.build(
            dict(
                type='ViT',
                arch=dict(embed_dim=16, depth=DEPTH, num_heads=2),
                img_size=(32, 32),
                **options))
        self.head = nn.Conv2d(16, 2, 1)


class Student(BaseModule):

    def __init__(self) -> None:
        super().__init__()
        self.student = Estimator()


def settings(model: nn.Module, **paramwise_cfg) -> dict:
    """Name of each parameter in the optimiser -> (lr, weight decay)."""
    wrapper = build_optim_wrapper(
        model,
        dict(
            optimizer=dict(type='AdamW', lr=LR, weight_decay=DECAY),
            constructor='ViTLayerDecayOptimWrapperConstructor',
            paramwise_cfg=paramwise_cfg or dict(layer_decay_rate=RATE)))
    names = {param: name for name, param in model.named_parameters()}
    return {
        names[param]: (group['lr'], group['weight_decay'])
        for group in wrapper.optimizer.param_groups
        for param in group['params']
    }


def expected(name: str) -> tuple:
    """The rule of the official ViTPose, written by name."""
    if 'patch_embed' in name or 'pos_embed' in name:
        layer_id = 0
    elif 'blocks.' in name:
        layer_id = int(name.split('blocks.')[1].split('.')[0]) + 1
    else:
        layer_id = DEPTH + 1
    plain = 'norm' in name or name.endswith('bias') or 'pos_embed' in name
    return LR * RATE**(DEPTH + 1 - layer_id), 0. if plain else DECAY


def check(model: nn.Module) -> None:
    found = settings(model)
    assert set(found) == {name for name, _ in model.named_parameters()}
    for name, values in found.items():
        assert values == pytest.approx(expected(name)), name


def test_rates_and_decay_follow_the_official_rule():
    check(Estimator())


def test_backbone_may_learn_more_slowly_than_what_is_new():
    found = settings(
        Estimator(), layer_decay_rate=RATE, backbone_lr_mult=0.1)
    for name, (rate, decay) in found.items():
        factor = 0.1 if name.startswith('backbone') else 1
        assert (rate / factor, decay) == pytest.approx(expected(name)), name


def test_tables_of_relative_positions_learn_with_their_block_undecayed():
    found = settings(Estimator(attention=dict(rel_pos=True)))
    for axis in ('rows', 'cols'):
        assert found[f'backbone.blocks.0.attn.rel_pos.{axis}'] == \
            pytest.approx((LR * RATE**DEPTH, 0.))


def test_a_nested_student_is_found():
    check(Student())


def test_a_model_wrapped_for_several_processes_is_found(tmp_path):
    torch.distributed.init_process_group(
        'gloo', init_method=f'file://{tmp_path}/init', rank=0, world_size=1)
    try:
        check(MMDistributedDataParallel(Estimator(), device_ids=None))
    finally:
        torch.distributed.destroy_process_group()


def test_frozen_parameters_stay_out_of_the_optimiser():
    model = Estimator(frozen_stages=1)
    frozen = {n for n, p in model.named_parameters() if not p.requires_grad}
    assert frozen and not frozen & set(settings(model))


def test_mmpretrains_backbone_is_decayed_too(mmpretrain):
    model = BaseModule()
    model.backbone = MODELS.build(
        dict(
            type='mmpretrain.VisionTransformer',
            arch=dict(
                embed_dims=16,
                num_layers=DEPTH,
                num_heads=2,
                feedforward_channels=32),
            img_size=32))
    found = settings(model)
    assert found['backbone.layers.0.attn.qkv.weight'][0] == pytest.approx(
        LR * RATE**DEPTH)
    assert found['backbone.pos_embed'] == pytest.approx(
        (LR * RATE**(DEPTH + 1), 0.))


@pytest.mark.parametrize('paramwise_cfg', [
    dict(layer_decay_rate=0.8, num_layers=12),
    dict(custom_keys=dict(bias=dict(decay_mult=0.))),
    dict(layer_decay_rate=0.8, decay_multi=0.)
])
def test_unknown_keys_are_refused(paramwise_cfg):
    with pytest.raises(ValueError, match='nothing else'):
        settings(Estimator(), **paramwise_cfg)


def test_a_model_without_numbered_layers_is_refused():
    with pytest.raises(ValueError, match='Linear.*get_layer_depth'):
        settings(nn.Linear(2, 2))


def test_a_rate_out_of_range_is_refused():
    with pytest.raises(ValueError, match='at most 1'):
        settings(Estimator(), layer_decay_rate=1.5)


def test_without_weight_decay_the_optimiser_has_its_own_default():
    wrapper = build_optim_wrapper(
        Estimator(),
        dict(
            optimizer=dict(type='AdamW', lr=LR),
            constructor='ViTLayerDecayOptimWrapperConstructor',
            paramwise_cfg=dict(layer_decay_rate=0.5)))
    default = torch.optim.AdamW([torch.zeros(1)]).defaults['weight_decay']
    assert {group['weight_decay']
            for group in wrapper.optimizer.param_groups} == {0., default}
