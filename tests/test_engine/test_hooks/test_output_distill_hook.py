# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import copy
import gc
import pickle
import weakref

import pytest
import torch
import torch.nn.functional as F
from mmpose.registry import HOOKS, MODELS

from vitpose_mm.checkpoints.layouts import mmpose, official


@pytest.fixture
def attach(make_runner):
    """Attaches a hook to a model, as up to the first iteration of a run."""
    hooks = []  # the model does not keep them alive

    def attach_hook(hook_config, model):
        hook = HOOKS.build(dict(type='OutputDistillHook', **hook_config))
        hooks.append(hook)
        runner = make_runner(model, [])
        hook.before_train(runner)
        runner._train_loop = runner.build_train_loop(runner._train_loop)
        hook.before_train_iter(runner, 0)
        return hook

    return attach_hook


def losses_of(model, batch):
    data = model.data_preprocessor(copy.deepcopy(batch), True)
    return model(**data, mode='loss')


def heatmaps_of(model, batch):
    data = model.data_preprocessor(copy.deepcopy(batch), False)
    return model(data['inputs'], None, mode='tensor')


def weights_of(batch):
    return torch.cat([
        sample.gt_instance_labels.keypoint_weights
        for sample in batch['data_samples']
    ])


@pytest.fixture
def teacher(student_config, build):
    """The model that write_teacher writes, in this process."""
    return build(student_config(embed_dim=24), seed=7).eval()


@pytest.fixture
def hook_config(student_config, write_teacher):
    return write_teacher(student_config(embed_dim=24))


@pytest.mark.parametrize('with_weights', [False, True])
def test_loss_and_gradients_equal_a_handwritten_reference(
        with_weights, hook_config, teacher, student_config, build, batch,
        attach):
    student, reference = (build(student_config()) for _ in range(2))
    attach(
        dict(hook_config, loss_weight=0.3, use_target_weight=with_weights),
        student)
    student.train()  # leaves the teacher as it is
    losses = losses_of(student, batch)
    (losses['loss_kpt'] + losses['loss_distill']).backward()

    with torch.no_grad():
        target = heatmaps_of(teacher, batch)
    squares = (heatmaps_of(reference, batch) - target).square()
    if with_weights:
        squares = squares * weights_of(batch)[..., None, None]
    distill = 0.3 * squares.mean()
    loss = losses_of(reference, batch)['loss_kpt']
    (loss + distill).backward()
    torch.testing.assert_close(losses['loss_distill'], distill)
    torch.testing.assert_close(losses['loss_kpt'], loss)
    for ours, theirs in zip(student.parameters(), reference.parameters()):
        torch.testing.assert_close(ours.grad, theirs.grad)


def test_a_teacher_that_knows_the_truth_adds_loss_weight_times_the_loss(
        hook_config, student_config, build, batch, attach):
    student = build(student_config())
    hook = attach(
        dict(hook_config, loss_weight=0.5, use_target_weight=True), student)
    hook.term.teacher = lambda inputs: torch.stack(
        [sample.gt_fields.heatmaps for sample in batch['data_samples']])
    total, log = student.parse_losses(losses_of(student, batch))
    torch.testing.assert_close(total, 1.5 * log['loss_kpt'])


def test_kl_is_torchs_divergence_of_the_softened_maps(hook_config, teacher,
                                                      student_config, build,
                                                      batch, attach):
    student = build(student_config())
    attach(
        dict(hook_config, loss=dict(type='HeatmapKLLoss', temperature=0.5)),
        student)
    distill = losses_of(student, batch)['loss_distill']
    maps, target = (
        torch.distributions.Categorical(
            logits=heatmaps_of(model, batch).flatten(2) / 0.5)
        for model in (student, teacher))
    torch.testing.assert_close(
        distill,
        torch.distributions.kl_divergence(target, maps).mean() / 4)


def test_only_the_mapped_keypoints_are_compared(write_teacher, student_config,
                                                build, batch, attach):
    config = student_config(**{'head.out_channels': 3})
    student, teacher = build(student_config()), build(config, seed=7).eval()
    attach(
        dict(
            write_teacher(config),
            keypoint_map=[(2, 0), (0, 4)],
            use_target_weight=True), student)
    difference = heatmaps_of(student, batch)[:, [0, 4]] - \
        heatmaps_of(teacher, batch)[:, [2, 0]]
    expected = difference.square() * weights_of(batch)[:, [0, 4], None, None]
    torch.testing.assert_close(
        losses_of(student, batch)['loss_distill'], expected.mean())


def test_another_normalisation_and_size_are_those_that_the_teacher_knows(
        write_teacher, student_config, build, batch, attach):
    changes = {
        'data_preprocessor.mean': [10., 20., 30.],
        'data_preprocessor.std': [1., 2., 3.],
        'data_preprocessor.bgr_to_rgb': False,
        'backbone.img_size': (128, 96),
        'head.decoder.input_size': (96, 128),
        'head.decoder.heatmap_size': (12, 16)
    }
    config = student_config(**changes)
    student, teacher = build(student_config()), build(config, seed=7).eval()
    attach(write_teacher(config), student)
    crops = F.interpolate(
        torch.stack(batch['inputs']).float(), (128, 96),
        mode='bilinear',
        align_corners=True)
    mean, std = (
        torch.tensor(changes[f'data_preprocessor.{name}'])[:, None, None]
        for name in ('mean', 'std'))
    target = teacher((crops - mean) / std, None, mode='tensor')
    target = F.interpolate(target, (8, 6), mode='bilinear', align_corners=True)
    torch.testing.assert_close(
        losses_of(student, batch)['loss_distill'],
        F.mse_loss(heatmaps_of(student, batch), target))


KINDS = ('PoseDataPreprocessor', 'HeatmapDataPreprocessor')


@pytest.mark.parametrize('kind', KINDS)
@pytest.mark.parametrize('teacher_kind', KINDS)
def test_a_student_that_is_its_teacher_has_nothing_to_learn(
        kind, teacher_kind, write_teacher, student_config, build, batch,
        attach):
    config, teacher_config = student_config(), student_config()
    for each, name in (config, kind), (teacher_config, teacher_kind):
        each.data_preprocessor.type = name
        if name == 'HeatmapDataPreprocessor':
            codec = dict(each.head.decoder, type='BatchUDPHeatmap')
            each.data_preprocessor.codec = codec
    student = build(config, seed=7)  # as write_teacher's
    attach(write_teacher(teacher_config), student)
    assert losses_of(student, batch)['loss_distill'] == 0


def test_a_stock_convolutional_student_learns(hook_config, teacher,
                                              student_config, batch, attach):
    config = student_config(**{'head.in_channels': 128})
    config.backbone = dict(type='ResNet', depth=18, out_indices=(1, ))
    student = MODELS.build(config)
    attach(hook_config, student)
    student.eval()  # batch norm: the same in both passes
    torch.testing.assert_close(
        losses_of(student, batch)['loss_distill'],
        F.mse_loss(heatmaps_of(student, batch), heatmaps_of(teacher, batch)))


def test_of_a_head_with_several_stages_the_last_learns(hook_config, teacher,
                                                       student_config, batch,
                                                       attach):
    config = student_config()
    config.backbone = dict(
        type='CPM',
        in_channels=3,
        out_channels=5,
        feat_channels=8,
        middle_channels=8,
        num_stages=2)
    config.head = dict(
        type='CPMHead',
        num_stages=2,
        in_channels=5,
        out_channels=5,
        deconv_out_channels=None,
        loss=2 * [dict(type='KeypointMSELoss')],
        final_layer=None,
        decoder=config.head.decoder)
    student = MODELS.build(config)
    attach(hook_config, student)
    student.eval()
    torch.testing.assert_close(
        losses_of(student, batch)['loss_distill'],
        F.mse_loss(
            heatmaps_of(student, batch)[-1], heatmaps_of(teacher, batch)))


@pytest.fixture
def joint(student_config, build, batch):
    """A student with two heads, and a batch of three datasets for them."""
    config = student_config()
    head = config.pop('head')
    config.update(
        type='MultiDatasetTopdownPoseEstimator',
        heads=dict(coco=head, aic=head),
        aliases=dict(mine='aic'))
    for sample, name in zip(batch['data_samples'],
                            ('aic', 'coco', 'mine', 'coco')):
        sample.set_metainfo(dict(dataset_name=name))
    return build(config)


def test_of_several_heads_one_learns_from_its_own_samples(
        hook_config, teacher, joint, batch, attach):
    attach(dict(hook_config, dataset='aic', use_target_weight=True), joint)
    losses = losses_of(joint, batch)
    own = [0, 2]
    inputs = joint.data_preprocessor(copy.deepcopy(batch), True)['inputs'][own]
    maps = joint.heads['aic'](joint.backbone(inputs))
    squares = (maps - teacher(inputs, None, mode='tensor')).square()
    expected = squares * weights_of(batch)[own][..., None, None]
    # The mean over the batch, as of the estimator's own losses.
    torch.testing.assert_close(losses['aic/loss_distill'], expected.mean() / 2)
    losses['aic/loss_distill'].backward()
    assert joint.heads['aic'].final_layer.weight.grad.any()
    assert joint.heads['coco'].final_layer.weight.grad is None


def test_each_head_may_have_its_own_teacher(hook_config, joint, batch, attach):
    alone = {}
    for name in ('coco', 'aic'):
        hook = attach(dict(hook_config, dataset=name), joint)
        alone[name] = losses_of(joint, batch)[f'{name}/loss_distill']
        hook.after_train(None)
    for name in alone:
        attach(dict(hook_config, dataset=name), joint)
    both = losses_of(joint, batch)
    for name, loss in alone.items():
        torch.testing.assert_close(both[f'{name}/loss_distill'], loss)


def test_several_teachers_of_one_head_add_up(hook_config, student_config,
                                             build, batch, attach):
    student = build(student_config())
    attach(hook_config, student)
    one = losses_of(student, batch)['loss_distill']
    attach(dict(hook_config, loss_weight=2.), student)
    torch.testing.assert_close(
        losses_of(student, batch)['loss_distill'], 3 * one)


def test_a_batch_without_the_dataset_has_no_such_loss(hook_config, joint,
                                                      batch, attach):
    attach(dict(hook_config, dataset='aic'), joint)
    for sample in batch['data_samples']:
        sample.set_metainfo(dict(dataset_name='coco'))
    assert 'aic/loss_distill' not in losses_of(joint, batch)


def test_of_several_heads_one_must_be_named(hook_config, joint, attach):
    with pytest.raises(
            ValueError, match=r"dataset=None, .*heads for \['coco', 'aic'\]"):
        attach(hook_config, joint)


def test_training_steps_are_those_of_the_summed_loss(hook_config, teacher,
                                                     student_config, build,
                                                     make_runner):
    student, reference = (build(student_config()) for _ in range(2))
    runner = make_runner(
        student, [dict(type='OutputDistillHook', **hook_config)],
        optim_wrapper=dict(
            optimizer=dict(type='SGD', lr=0.1), accumulative_counts=2))
    runner.train()
    optimizer = torch.optim.SGD(reference.parameters(), lr=0.1)
    for batch in runner.train_dataloader:
        with torch.no_grad():
            target = heatmaps_of(teacher, batch)
        loss = losses_of(reference, batch)['loss_kpt'] + F.mse_loss(
            heatmaps_of(reference, batch), target)
        (loss / 2).backward()
    optimizer.step()
    for ours, theirs in zip(student.parameters(), reference.parameters()):
        torch.testing.assert_close(ours, theirs)


def test_checkpoint_optimiser_and_ema_hold_the_ordinary_keys(
        hook_config, student_config, build, make_runner, tmp_path):
    keys = {}
    for name, hooks in (('plain', []),
                        ('distilled',
                         [dict(type='OutputDistillHook', **hook_config)])):
        runner = make_runner(
            build(student_config()),
            hooks + [dict(type='EMAHook')],
            work_dir=str(tmp_path / name),
            optim_wrapper=dict(optimizer=dict(type='AdamW', lr=1e-3)))
        runner.train()
        saved = torch.load(tmp_path / name / 'epoch_1.pth', weights_only=False)
        keys[name] = (list(saved['state_dict']), list(saved['ema_state_dict']),
                      list(saved['optimizer']['state']))
        assert not runner.model._forward_hooks
        assert not runner.model._forward_pre_hooks
    assert keys['plain'] == keys['distilled']


@pytest.mark.parametrize(
    'duplicate',
    [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_a_copied_student_holds_no_teacher(duplicate, hook_config,
                                           student_config, build, batch,
                                           attach):
    student = build(student_config())
    hook = attach(hook_config, student)
    other = duplicate(student)
    assert set(losses_of(other, batch)) == {'loss_kpt'}
    assert set(losses_of(student, batch)) == {'loss_kpt', 'loss_distill'}
    teacher = weakref.ref(hook.term.teacher.model)
    hook.after_train(None)
    gc.collect()  # MMPose's models hold themselves
    assert teacher() is None
    assert set(losses_of(student, batch)) == {'loss_kpt'}


def test_the_teacher_stays_in_eval_without_gradient(hook_config,
                                                    student_config, build,
                                                    batch, attach):
    student = build(student_config())
    hook = attach(hook_config, student)
    student.train()
    sum(losses_of(student, batch).values()).backward()
    model = hook.term.teacher.model
    assert not any(module.training for module in model.modules())
    assert not any(p.requires_grad or p.grad is not None
                   for p in model.parameters())
    assert hook.term.output is hook.term.target is None


def test_a_resumed_run_continues_the_schedule_exactly(hook_config,
                                                      student_config, build,
                                                      make_runner, tmp_path):
    hooks = [
        dict(
            type='OutputDistillHook',
            **hook_config,
            loss_weight=dict(start=2., stop=0., begin=0, end=4))
    ]
    states = []
    for resumed in (False, True):
        runner = make_runner(
            build(student_config(), seed=3 * resumed),
            hooks,
            epochs=4,
            work_dir=str(tmp_path / f'work_dir_{resumed}'),
            resume=resumed,
            load_from=resumed
            and str(tmp_path / 'work_dir_False' / 'epoch_2.pth') or None)
        runner.train()
        states.append(runner.model.state_dict())
    assert all(
        torch.equal(a, b)
        for a, b in zip(states[0].values(), states[1].values()))


@pytest.mark.parametrize('with_cp', [False, True])
def test_it_trains_under_bf16_autocast_and_recomputation(
        with_cp, hook_config, teacher, student_config, build, batch, attach):
    student = build(student_config(**{'backbone.with_cp': with_cp}))
    attach(dict(hook_config, teacher_dtype='bfloat16'), student)
    reference = F.mse_loss(
        heatmaps_of(student, batch), heatmaps_of(teacher, batch))
    with torch.autocast('cpu', dtype=torch.bfloat16):
        losses = losses_of(student, batch)
    torch.testing.assert_close(
        losses['loss_distill'], reference, rtol=0.05, atol=0.)
    sum(losses.values()).backward()
    assert all(param.grad is not None for param in student.parameters())


def test_while_the_weight_is_zero_the_teacher_rests(hook_config,
                                                    student_config, build,
                                                    batch, attach):
    student = build(student_config())
    hook = attach(dict(hook_config, loss_weight=0.), student)
    hook.term.teacher = None
    assert set(losses_of(student, batch)) == {'loss_kpt'}


@pytest.mark.parametrize('hook_changes, teacher_changes, message', [
    ({}, {
        'head.out_channels': 4
    }, 'has 4 keypoints and the student 5.*map'),
    (dict(keypoint_map=[(0, 5)]), {}, r'\(0, 5\).*student 5'),
    (dict(dataset='aic'), {}, r"dataset='aic'.*heads for \[None\]"),
    ({}, {
        'head.decoder': None
    }, 'HeatmapHead with decoder=NoneType'),
    ({}, {
        'data_preprocessor': dict(type='BaseDataPreprocessor', _delete_=True)
    }, 'BaseDataPreprocessor is no data preprocessor'),
    (dict(teacher='none.py'), {}, 'none.py does not exist'),
    (dict(teacher_checkpoint='none.pth'), {},
     'was not loaded from none.pth.*no such file'),
])
def test_what_does_not_fit_is_refused(hook_changes, teacher_changes, message,
                                      write_teacher, student_config, build,
                                      attach):
    arguments = write_teacher(student_config(**teacher_changes))
    with pytest.raises(ValueError, match=message):
        attach({**arguments, **hook_changes}, build(student_config()))


@pytest.mark.parametrize('layout', [mmpose, official])
def test_weights_may_come_in_other_layouts(layout, hook_config, teacher,
                                           student_config, build, attach):
    path = hook_config['teacher_checkpoint']
    torch.save(layout.from_ours(torch.load(path)['state_dict']), path)
    hook = attach(hook_config, build(student_config()))
    for name, value in hook.term.teacher.model.state_dict().items():
        assert torch.equal(value, teacher.state_dict()[name])


@pytest.mark.parametrize('damage', ['missing', 'mismatched'])
def test_incomplete_weights_are_refused(damage, hook_config, student_config,
                                        build, attach):
    path = hook_config['teacher_checkpoint']
    saved = torch.load(path)
    weight = saved['state_dict'].pop('head.final_layer.weight')
    if damage == 'mismatched':
        saved['state_dict']['head.final_layer.weight'] = weight[:2]
    torch.save(saved, path)
    with pytest.raises(ValueError, match='head.final_layer.weight'):
        attach(hook_config, build(student_config()))


def test_keypoints_of_other_names_are_refused(write_teacher, student_config,
                                              build, make_runner):
    arguments = write_teacher(
        student_config(),
        dataset_meta=dict(keypoint_id2name={
            0: 'nose',
            1: 'tail'
        }))
    student = build(student_config())
    runner = make_runner(student, [])
    runner.train_dataloader.dataset.metainfo['keypoint_id2name'] = {
        0: 'nose',
        1: 'left_eye'
    }
    hook = HOOKS.build(dict(type='OutputDistillHook', **arguments))
    with pytest.raises(ValueError, match="'tail'.*'left_eye'.*keypoint_map"):
        hook.before_train(runner)


@pytest.mark.parametrize('loss_weight', [
    dict(start=1.),
    dict(start=1., stop=0., begin=3, end=3),
    dict(start=1., stop=0., begin=0, end=3, factor=2)
])
def test_a_wrong_schedule_is_refused(loss_weight):
    with pytest.raises(ValueError, match='loss_weight=.*begin < end'):
        HOOKS.build(
            dict(
                type='OutputDistillHook',
                teacher='a.py',
                teacher_checkpoint='a.pth',
                loss_weight=loss_weight))
