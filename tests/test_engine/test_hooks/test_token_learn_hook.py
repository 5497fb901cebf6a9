# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import hashlib
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

TOKEN = 'backbone.knowledge_token'


@pytest.fixture
def learner_config(student_config):
    """A teacher's model with batch norm, as stage one trains it."""
    return student_config(
        embed_dim=24,
        **{
            'type': 'KnowledgeTokenLearner',
            'backbone.num_knowledge_tokens': 1,
            'backbone.drop_path_rate': 0.5
        })


@pytest.fixture
def hook(student_config, write_teacher):
    return dict(
        type='TokenLearnHook', **write_teacher(student_config(embed_dim=24)))


def test_only_the_token_learns_and_its_file_says_where_it_comes_from(
        hook, learner_config, build, make_runner, tmp_path):
    model = build(learner_config)
    start = model.backbone.knowledge_token.detach().clone()
    make_runner(model, [hook], epochs=2).train()
    teacher = torch.load(hook['teacher_checkpoint'])['state_dict']
    state = model.state_dict()
    assert set(state) - set(teacher) == {TOKEN}
    assert all(torch.equal(state[name], teacher[name]) for name in teacher)
    assert not torch.equal(state[TOKEN], start)

    path = tmp_path / 'work_dir' / 'knowledge_token.safetensors'
    assert path.stat().st_size < 2000
    with safe_open(path, framework='pt') as file:
        assert list(file.keys()) == ['knowledge_token']
        assert torch.equal(file.get_tensor('knowledge_token'), state[TOKEN])
        meta = file.metadata()
    digest = hashlib.sha256(Path(
        hook['teacher_checkpoint']).read_bytes()).hexdigest()
    assert digest.startswith(meta['teacher_sha256'])
    assert (meta['teacher'], meta['teacher_checkpoint'], meta['epochs'],
            meta['width']) == ('teacher.py', 'teacher.pth', '2', '24')


def test_the_token_goes_down_the_gradient_of_the_heatmap_loss(
        hook, learner_config, build, make_runner):
    model = build(learner_config)
    runner = make_runner(model, [hook], epochs=8)
    runner.train()
    losses, _ = runner.message_hub.get_scalar('train/loss_kpt').data
    assert losses[-2:].sum() < losses[:2].sum()


def test_nothing_else_is_in_the_optimiser_and_all_is_in_eval(
        learner_config, build, make_runner):
    model = build(learner_config).train()
    assert not any(module.training for module in model.modules())
    assert [name for name, p in model.named_parameters()
            if p.requires_grad] == [TOKEN]


def test_a_resumed_run_ends_where_an_unbroken_one_does(hook, learner_config,
                                                       build, make_runner,
                                                       tmp_path):
    tokens = []
    for resumed in (False, True):
        model = build(learner_config, seed=resumed)
        make_runner(
            model, [hook],
            epochs=4,
            work_dir=str(tmp_path / f'run_{resumed}'),
            resume=resumed,
            load_from=str(tmp_path / 'run_False' /
                          'epoch_2.pth') if resumed else None).train()
        tokens.append(model.backbone.knowledge_token)
    assert torch.equal(*tokens)


def test_a_backbone_without_a_token_is_refused(learner_config, build):
    learner_config.backbone.num_knowledge_tokens = 0
    with pytest.raises(ValueError, match='num_knowledge_tokens=1'):
        build(learner_config)


def test_the_teacher_of_another_size_is_refused(hook, learner_config, build,
                                                make_runner):
    learner_config.backbone.arch.depth = 3
    model = build(learner_config)
    with pytest.raises(ValueError, match='depth 2.*depth 3'):
        make_runner(model, [hook]).train()
