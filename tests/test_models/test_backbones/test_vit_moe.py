# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import inspect
from itertools import permutations

import pytest
import torch
from mmpose.registry import MODELS
from torch.utils.flop_counter import FlopCounterMode

from vitpose_mm.models import ViT, ViTAE, ViTMoE

TINY = dict(embed_dim=32, depth=2, num_heads=4)
FFNS = ('partial', 'independent', 'shared_independent')


def tiny_moe(ffn: str = 'partial', num_experts: int = 3, **options) -> ViTMoE:
    vit = MODELS.build(
        dict(
            type='ViTMoE',
            num_experts=num_experts,
            ffn=ffn,
            arch=TINY,
            img_size=(64, 48),
            **options))
    for param in vit.parameters():
        torch.nn.init.normal_(param, std=0.2)
    return vit.double().eval()


def images(num: int) -> torch.Tensor:
    return torch.randn(num, 3, 64, 48, dtype=torch.float64)


@pytest.mark.parametrize('ffn', FFNS)
def test_every_order_equals_all_experts_computed_and_masked(
        ffn, moe_reference):
    vit, x = tiny_moe(ffn), images(4)
    for order in set(permutations([0, 1, 2, 2])):
        idx = torch.tensor(order)
        torch.testing.assert_close(
            vit(x, idx)[0], moe_reference(vit, x, idx))


@pytest.mark.parametrize('ffn', FFNS)
@pytest.mark.parametrize('idx', [[2, 0, 2, 1], [1, 1, 0, 0]])
def test_gradients_equal_the_reference_with_datasets_absent(
        ffn, idx, moe_reference):
    vit, x, idx = tiny_moe(ffn), images(4), torch.tensor(idx)
    grads = []
    for out in (vit(x, idx)[0], moe_reference(vit, x, idx)):
        loss = (out * torch.linspace(-1, 1, out.numel()).view_as(out)).sum()
        # allow_unused=False: an absent expert has gradients too, zeros.
        grads.append(torch.autograd.grad(loss, list(vit.parameters())))
    for ours, expected in zip(*grads):
        torch.testing.assert_close(ours, expected)


@pytest.mark.parametrize('ffn', FFNS)
def test_folding_gives_a_plain_vit_with_the_same_outputs(ffn):
    vit, x = tiny_moe(ffn), images(2)
    expected = vit(x, torch.tensor([1, 1]))[0]
    vit.fold(1)
    torch.testing.assert_close(vit(x)[0], expected)
    assert not any('experts' in name for name in vit.state_dict())


def test_partial_folded_weights_load_into_a_vit():
    moe, x = tiny_moe(), images(2)
    moe.fold(2)
    vit = MODELS.build(dict(type='ViT', arch=TINY, img_size=(64, 48)))
    vit.load_state_dict(moe.state_dict())
    torch.testing.assert_close(vit.double().eval()(x)[0], moe(x)[0])


@pytest.mark.parametrize('ffn', FFNS)
def test_experts_of_a_plain_vit_all_start_as_that_vit(ffn):
    vit = ViT(arch=TINY, img_size=(64, 48)).double().eval()
    for param in vit.parameters():
        torch.nn.init.normal_(param, std=0.2)
    moe, x = tiny_moe(ffn), images(3)
    moe.load_state_dict(vit.state_dict())
    torch.testing.assert_close(
        moe(x, torch.tensor([2, 0, 1]))[0], vit(x)[0])


@pytest.mark.parametrize('subclass', [ViTMoE, ViTAE])
def test_takes_every_argument_of_vit_that_a_config_can_hold(subclass):
    own, base = (inspect.signature(each).parameters
                 for each in (subclass, ViT))
    names = base.keys() - {'build_mlp', 'build_block'}
    assert names and names <= own.keys()
    assert all(own[name].default == base[name].default for name in names)


def test_windows_know_nothing_of_experts():
    """One window over all patches is full attention, in every order."""
    plain, x = tiny_moe(), images(3)
    windows = tiny_moe(attention=dict(window_size=(4, 3)))
    windows.load_state_dict(plain.state_dict())
    idx = torch.tensor([2, 0, 1])
    torch.testing.assert_close(windows(x, idx)[0], plain(x, idx)[0])


def test_checkpointing_changes_no_gradient():
    x, idx = images(3), torch.tensor([1, 0, 1])
    plain, saving = tiny_moe(), tiny_moe(with_cp=True)
    saving.load_state_dict(plain.state_dict())
    for vit in (plain, saving):
        vit(x, idx)[0].square().sum().backward()
    for a, b in zip(plain.parameters(), saving.parameters()):
        torch.testing.assert_close(a.grad, b.grad)


def test_a_sample_costs_as_much_as_in_a_plain_vit():
    """Whatever the number of experts: each sample passes one."""
    counts = []
    for vit, args in ((ViT(arch='base'), ()),
                      (ViTMoE(num_experts=6, arch='base'),
                       (torch.tensor([5, 0, 3, 3]), ))):
        with FlopCounterMode(display=False) as counter:
            vit.to('meta')(torch.empty(4, 3, 256, 192, device='meta'), *args)
        counts.append(counter.get_total_flops())
    assert counts[0] == counts[1]


@pytest.mark.parametrize('arch, part', [('small', 96), ('base', 192),
                                        ('large', 256), ('huge', 320)])
def test_experts_have_the_published_width(arch, part):
    with torch.device('meta'):
        vit = ViTMoE(num_experts=6, arch=arch)
    assert vit.blocks[0].mlp.experts[0].out_features == part


def test_one_expert_needs_no_index():
    vit, x = tiny_moe(num_experts=1), images(2)
    torch.testing.assert_close(
        vit(x)[0], vit(x, torch.zeros(2, dtype=torch.int64))[0])


@pytest.mark.parametrize('options, message', [
    (dict(ffn='shared'), "ffn='shared' is not one of"),
    (dict(num_experts=0), 'num_experts=0'),
    (dict(part_features=32), 'part_features=32 must lie between 0 and'),
    (dict(ffn='independent', part_features=8), "is for ffn='partial'"),
])
def test_wrong_argument_is_named(options, message):
    with pytest.raises(ValueError, match=message):
        ViTMoE(**{'num_experts': 2, 'arch': TINY, **options})


@pytest.mark.parametrize('idx, message', [
    (None, '3 experts, so it needs dataset_idx'),
    (torch.tensor([0]), r'shape \(2,\)'),
    (torch.tensor([0., 1.]), 'int64'),
    (torch.tensor([0, 3]), r'must lie in \[0, 2\]'),
    (torch.tensor([0, -1]), r'must lie in \[0, 2\]'),
])
def test_wrong_index_is_named(idx, message):
    with pytest.raises(ValueError, match=message):
        tiny_moe()(images(2), idx)


def test_file_with_other_experts_is_refused():
    with pytest.raises(ValueError, match='holds 3 experts.*num_experts=2'):
        tiny_moe(num_experts=2).load_state_dict(tiny_moe().state_dict())
