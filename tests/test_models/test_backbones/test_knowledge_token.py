# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""The knowledge token of a ViT, in its output and in checkpoints."""
import pytest
import torch
from mmengine.optim import build_optim_wrapper
from mmpose.registry import MODELS

from vitpose_mm.checkpoints import CheckpointError
from vitpose_mm.checkpoints.loader import load_from_local
from vitpose_mm.engine.distillation import write_token
from vitpose_mm.models.layers import TokenLayout
from vitpose_tools.checkpoint_tools.convert import convert
from vitpose_tools.checkpoint_tools.inspect import inspect_checkpoint
from vitpose_tools.checkpoint_tools.verify import verify

ARCH = dict(embed_dim=96, depth=2, num_heads=3)


def vit(num_knowledge_tokens: int = 1, **options) -> torch.nn.Module:
    model = MODELS.build(
        dict(
            type='ViT',
            arch=ARCH,
            img_size=(64, 48),
            num_knowledge_tokens=num_knowledge_tokens,
            **options))
    for param in model.parameters():
        torch.nn.init.normal_(param, std=0.1)
    return model.eval()


@pytest.fixture
def student():
    """A whole model with a token, of the classic decoder's shape."""
    model = MODELS.build(
        dict(
            type='TopdownPoseEstimator',
            backbone=dict(
                type='ViT',
                arch=ARCH,
                img_size=(64, 48),
                num_knowledge_tokens=1),
            head=dict(
                type='HeatmapHead',
                in_channels=96,
                out_channels=17,
                deconv_out_channels=[256, 256],
                deconv_kernel_sizes=[4, 4])))
    for param in model.parameters():
        torch.nn.init.normal_(param, std=0.1)
    return model.eval()


@pytest.fixture
def student_file(student, tmp_path):
    path = tmp_path / 'student.pth'
    cfg = 'model = dict(backbone=dict(arch=dict(num_heads=3)))'
    torch.save(dict(meta=dict(cfg=cfg), state_dict=student.state_dict()), path)
    return path


def test_patches_see_the_token_and_the_output_leaves_it_out():
    model, x = vit(), torch.randn(2, 3, 64, 48)
    patches, grid = model.patch_embed(x)
    tokens = torch.cat([
        patches + model.pos_embed,
        model.knowledge_token.expand(2, 1, 96)
    ], 1)
    for block in model.blocks:
        tokens = block(tokens, TokenLayout(grid))
    tokens = model.last_norm(tokens)[:, :12]
    maps, = model(x)
    assert maps.shape == (2, 96, 4, 3)
    torch.testing.assert_close(maps.flatten(2).transpose(1, 2), tokens)
    with torch.no_grad():
        model.knowledge_token.normal_()
    assert not torch.allclose(model(x)[0], maps)


@pytest.mark.parametrize('learns', [False, True])
def test_it_is_frozen_unless_asked_to_learn(learns):
    model = vit(train_knowledge_token=learns).train()
    assert model.knowledge_token.requires_grad is learns
    model(torch.randn(1, 3, 64, 48))[0].sum().backward()
    assert (model.knowledge_token.grad is not None) is learns


def test_it_learns_at_the_full_rate_without_weight_decay(student):
    token = student.backbone.knowledge_token.requires_grad_()
    groups = build_optim_wrapper(
        student,
        dict(
            optimizer=dict(type='AdamW', lr=1e-3, weight_decay=0.1),
            constructor='ViTLayerDecayOptimWrapperConstructor',
            paramwise_cfg=dict(layer_decay_rate=0.5))).optimizer.param_groups
    group, = (g for g in groups if any(p is token for p in g['params']))
    assert (group['lr'], group['weight_decay']) == (1e-3, 0.)


def test_a_file_without_token_loads_and_the_token_is_reported(tmp_path):
    torch.save(vit(0).state_dict(), tmp_path / 'dense.pth')
    model = vit()
    token = model.knowledge_token.detach().clone()
    state_dict = load_from_local(str(tmp_path / 'dense.pth'))['state_dict']
    result = model.load_state_dict(state_dict, strict=False)
    assert result.missing_keys == ['knowledge_token']
    assert torch.equal(model.knowledge_token, token)


def test_a_file_with_token_loads_into_a_vit_that_has_it(tmp_path):
    model, other = vit(), vit()
    torch.save(model.state_dict(), tmp_path / 'bare.pth')
    other.load_state_dict(
        load_from_local(str(tmp_path / 'bare.pth'))['state_dict'])
    assert torch.equal(other.knowledge_token, model.knowledge_token)


@pytest.mark.parametrize('count', [0, 2])
def test_a_vit_with_other_tokens_refuses_it_by_name(student_file, count):
    model = torch.nn.ModuleDict(dict(backbone=vit(count)))
    state_dict = load_from_local(str(student_file))['state_dict']
    with pytest.raises(
            ValueError,
            match=f'student.pth holds backbone.knowledge_token.*has {count}: '
            'set .*num_knowledge_tokens=1'):
        model.load_state_dict(state_dict, strict=False)


def test_inspect_names_it(student_file):
    facts = inspect_checkpoint(student_file)
    assert facts['num_knowledge_tokens'] == 1
    assert any('backbone.knowledge_token' in line for line in facts['unusual'])


def test_inspect_knows_the_file_of_a_token_alone(tmp_path):
    write_token(tmp_path / 'token.pth', torch.randn(1, 1, 96), {})
    with pytest.raises(CheckpointError, match='knowledge token alone'):
        inspect_checkpoint(tmp_path / 'token.pth')


@pytest.mark.parametrize('suffix', ['.pth', '.safetensors'])
def test_our_layout_keeps_it(student_file, student, tmp_path, suffix):
    convert(student_file, tmp_path / f'ours{suffix}', 'vitpose_mm')
    state_dict = load_from_local(str(tmp_path / f'ours{suffix}'))['state_dict']
    student.load_state_dict(state_dict)
    assert torch.equal(state_dict['backbone.knowledge_token'],
                       student.backbone.knowledge_token)


def test_verify_runs_it(student_file, student, tmp_path):
    with torch.no_grad():
        student.backbone.knowledge_token.normal_()
    torch.save(student.state_dict(), tmp_path / 'other.pth')
    assert verify(student_file, student_file)['heatmap'] == 0
    assert verify(student_file, tmp_path / 'other.pth')['heatmap'] > 1e-5


@pytest.mark.parametrize('layout', ['mmpose', 'official', 'hf'])
def test_other_layouts_refuse_it_by_name(student_file, tmp_path, layout):
    target = tmp_path / ('out' if layout == 'hf' else 'out.pth')
    with pytest.raises(
            CheckpointError, match=f'backbone.knowledge_token.*{layout}'):
        convert(student_file, target, layout)
    assert not target.exists()
