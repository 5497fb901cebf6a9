# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import copy

import pytest
import torch
from torch.func import functional_call

from vitpose_mm.engine.distillation import project, read_token, write_token

TOKEN = 'backbone.knowledge_token'


@pytest.fixture
def token_file(tmp_path):
    """Writes a token of some width; returns the hook and the token."""

    def write(width: int, count: int = 1):
        token = torch.randn(1, count, width)
        path = tmp_path / 'token.safetensors'
        write_token(path, token, dict(teacher='teacher.py'))
        return dict(type='TokenDistillHook', token=str(path)), token

    return write


def student(student_config, build, learns: bool) -> torch.nn.Module:
    return build(
        student_config(
            **{
                'backbone.num_knowledge_tokens': 1,
                'backbone.train_knowledge_token': learns
            }))


def saved(path) -> dict:
    return torch.load(path, weights_only=False)


def test_of_equal_width_the_token_stays_as_the_teacher_learnt_it(
        token_file, student_config, build, make_runner, tmp_path):
    hook, token = token_file(16)
    model = student(student_config, build, learns=False)
    plain = build(student_config())
    make_runner(model, [hook, dict(type='EMAHook')]).train()
    checkpoint = saved(tmp_path / 'work_dir' / 'epoch_1.pth')
    state = checkpoint['state_dict']
    assert set(state) - set(plain.state_dict()) == {TOKEN}
    assert torch.equal(state[TOKEN], token)
    assert torch.equal(checkpoint['ema_state_dict'][f'module.{TOKEN}'], token)


def test_of_another_width_it_starts_projected_and_learns(
        token_file, student_config, build, make_runner, tmp_path):
    hook, token = token_file(24)
    runner = make_runner(student(student_config, build, learns=True), [hook])
    runner.train()
    state = saved(tmp_path / 'work_dir' / 'epoch_1.pth')['state_dict']
    start = project(token, 16)
    assert state[TOKEN].shape == (1, 1, 16)
    distance = (state[TOKEN] - start).norm() / start.norm()
    assert 0 < distance < 0.5


def test_a_projection_keeps_the_size_of_each_token_and_is_repeatable():
    token = torch.randn(1, 3, 24) * torch.tensor([0.1, 1., 10.])[:, None]
    for width in (16, 48):
        projected = project(token, width)
        assert projected.shape == (1, 3, width)
        torch.testing.assert_close(projected.square().mean(2),
                                   token.square().mean(2))
        assert torch.equal(projected, project(token, width))
    assert project(token, 24) is token


def test_a_separate_projection_would_learn_the_same(student_config, build,
                                                    batch):
    """One step on W and b of W t + b, against one on their product."""
    model = student(student_config, build, learns=True)
    t = torch.randn(24)
    weight = torch.randn(16, 24, requires_grad=True)
    bias = torch.randn(16, requires_grad=True)

    def loss(token):
        data = model.data_preprocessor(copy.deepcopy(batch), True)
        return functional_call(model, {TOKEN: token.view(1, 1, 16)},
                               (data['inputs'], data['data_samples'], 'loss'))

    lr = 0.01
    loss(weight @ t + bias)['loss_kpt'].backward()
    after = (weight - lr * weight.grad) @ t + bias - lr * bias.grad
    token = (weight @ t + bias).detach().requires_grad_()
    loss(token)['loss_kpt'].backward()
    assert token.grad.norm() > 0
    torch.testing.assert_close(
        after, token - lr * (t.square().sum() + 1) * token.grad)


@pytest.mark.parametrize('width', [16, 24])
def test_a_resumed_run_ends_where_an_unbroken_one_does(width, token_file,
                                                       student_config, build,
                                                       make_runner, tmp_path):
    hook, _ = token_file(width)
    states = []
    for resumed in (False, True):
        model = student(student_config, build, learns=width == 24)
        runner = make_runner(
            model, [hook],
            epochs=4,
            optim_wrapper=dict(optimizer=dict(type='AdamW', lr=1e-2)),
            work_dir=str(tmp_path / f'run_{resumed}'),
            resume=resumed,
            load_from=str(tmp_path / 'run_False' /
                          'epoch_2.pth') if resumed else None)
        runner.train()
        states.append(model.state_dict())
    for name, value in states[0].items():
        assert torch.equal(value, states[1][name]), name


@pytest.mark.parametrize('width, learns', [(16, True), (24, False)])
def test_a_backbone_that_is_not_built_for_the_token_is_refused(
        width, learns, token_file, student_config, build, make_runner):
    hook, _ = token_file(width)
    model = student(student_config, build, learns)
    with pytest.raises(
            ValueError, match=f'{width} channels.*token={not learns}'):
        make_runner(model, [hook]).train()


def test_a_backbone_without_a_token_is_refused(token_file, student_config,
                                               build, make_runner):
    hook, _ = token_file(16)
    with pytest.raises(ValueError, match='num_knowledge_tokens=1'):
        make_runner(build(student_config()), [hook]).train()


def test_another_number_of_tokens_is_refused(token_file, student_config, build,
                                             make_runner):
    hook, _ = token_file(16, count=2)
    model = student(student_config, build, learns=False)
    with pytest.raises(ValueError, match='num_knowledge_tokens=2'):
        make_runner(model, [hook]).train()


def test_a_whole_checkpoint_is_no_token_file(tmp_path, student_config, build):
    path = tmp_path / 'student.pth'
    torch.save(student(student_config, build, False).state_dict(), path)
    with pytest.raises(ValueError, match='student.pth is no file of Token'):
        read_token(path)


def test_with_output_distillation_both_terms_are_trained(
        token_file, write_teacher, student_config, build, make_runner):
    hook, token = token_file(16)
    teacher = write_teacher(student_config(embed_dim=24))
    model = student(student_config, build, learns=False)
    runner = make_runner(
        model, [hook, dict(type='OutputDistillHook', **teacher)])
    runner.train()
    log = runner.message_hub.log_scalars
    assert {'train/loss_kpt', 'train/loss_distill'} <= set(log)
    assert torch.equal(model.backbone.knowledge_token, token)
