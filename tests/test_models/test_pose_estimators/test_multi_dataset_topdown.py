# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import copy
from typing import List
from unittest import mock

import numpy as np
import pytest
import torch
from mmengine.structures import InstanceData, PixelData
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample

KEYPOINTS = dict(coco=17, aic=14, mpii=16)
TINY = dict(embed_dim=32, depth=2, num_heads=4)
CODEC = dict(
    type='UDPHeatmap', input_size=(48, 64), heatmap_size=(12, 16), sigma=2)


def head(num_keypoints: int, deconv: bool = False) -> dict:
    return dict(
        type='HeatmapHead',
        in_channels=32,
        out_channels=num_keypoints,
        deconv_out_channels=(16, ) if deconv else (),
        deconv_kernel_sizes=(4, ) if deconv else (),
        final_layer=dict(kernel_size=3, padding=1),
        loss=dict(type='KeypointMSELoss', use_target_weight=True),
        decoder=CODEC)


def model(deconv: bool = False, plain: bool = False, **options):
    """Three datasets; heads without batch norm unless ``deconv``."""
    backbone = dict(type='ViT') if plain else dict(
        type='ViTMoE', num_experts=3)
    built = MODELS.build(
        dict(
            type='MultiDatasetTopdownPoseEstimator',
            backbone=dict(**backbone, arch=TINY, img_size=(64, 48)),
            neck=dict(type='FeatureMapProcessor', scale_factor=4.),
            heads={k: head(n, deconv)
                   for k, n in KEYPOINTS.items()},
            **options))
    for param in built.parameters():
        torch.nn.init.normal_(param, std=0.2)
    return built


def sample(dataset: str, scale: int = 4) -> PoseDataSample:
    num = KEYPOINTS.get(dataset, 17)
    fields = PixelData(heatmaps=torch.rand(num, 16 * scale // 4, 12 *
                                           scale // 4))
    labels = InstanceData(keypoint_weights=torch.randint(
        2, (1, num)).float())
    boxes = InstanceData(
        bboxes=np.array([[0, 0, 48, 64.]]), bbox_scores=np.ones(1))
    meta = dict(
        dataset_name=dataset,
        flip_indices=list(range(num))[::-1],
        input_center=np.array([24., 32]),
        input_scale=np.array([48., 64]),
        input_size=(48, 64))
    result = PoseDataSample(metainfo=meta)
    result.gt_fields, result.gt_instance_labels = fields, labels
    result.gt_instances = boxes
    return result


def batch(*datasets: str):
    return (torch.randn(len(datasets), 3, 64, 48),
            [sample(name) for name in datasets])


def reference_loss(net, moe_reference, inputs: torch.Tensor,
                   samples: List[PoseDataSample]) -> dict:
    """Every head on the whole batch, other datasets' samples times zero."""
    names = list(KEYPOINTS)
    idx = torch.tensor([names.index(s.dataset_name) for s in samples])
    feats = net.neck((moe_reference(net.backbone, inputs, idx), ))
    losses = {}
    for j, (name, num) in enumerate(KEYPOINTS.items()):
        pred = net.heads[name].final_layer(feats[-1])
        target, weight = torch.zeros_like(pred), torch.zeros(len(samples), num)
        for i, s in enumerate(samples):
            if idx[i] == j:
                target[i] = s.gt_fields.heatmaps
                weight[i] = s.gt_instance_labels.keypoint_weights[0]
        errors = (pred - target).square() * weight[..., None, None]
        losses[f'{name}/loss_kpt'] = errors.mean()
    return losses


@pytest.mark.parametrize('datasets', [
    ('mpii', 'coco', 'aic', 'coco'), ('coco', 'coco', 'mpii'), ('aic', ),
    ('mpii', 'mpii', 'aic')
])
def test_loss_and_gradients_equal_the_reference(datasets, moe_reference):
    net = model(train_cfg=dict(compute_acc=False)).train()
    inputs, samples = batch(*datasets)
    ours = net.loss(inputs, samples)
    expected = reference_loss(net, moe_reference, inputs, samples)
    assert list(ours) == list(expected)
    params = list(net.parameters())
    for key in expected:
        torch.testing.assert_close(ours[key], expected[key])
    for a, b in zip(
            torch.autograd.grad(sum(ours.values()), params),
            torch.autograd.grad(sum(expected.values()), params)):
        torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-4)


def test_half_precision_trains_with_datasets_absent():
    net = model(deconv=True, train_cfg=dict(compute_acc=False)).train()
    inputs, samples = batch_of_larger_targets('aic', 'aic')
    with torch.autocast('cpu', dtype=torch.bfloat16):
        losses = net(inputs, samples, mode='loss')
    sum(v for k, v in losses.items() if 'loss' in k).backward()
    grads = {name: p.grad for name, p in net.named_parameters()}
    assert all(g is not None and g.isfinite().all() for g in grads.values())
    assert not any(
        g.any() for name, g in grads.items()
        if name.startswith(('heads.coco', 'heads.mpii')))


def test_configured_weights_replace_the_share_of_the_batch():
    inputs, samples = batch('aic', 'coco', 'coco')
    plain = model().train()
    weighted = model(loss_weights=dict(coco=2., aic=0.5, mpii=1.)).train()
    weighted.load_state_dict(plain.state_dict())
    shares, weights = plain.loss(inputs, samples), weighted.loss(
        inputs, samples)
    for name, factor in dict(coco=2 / (2 / 3), aic=0.5 / (1 / 3)).items():
        torch.testing.assert_close(weights[f'{name}/loss_kpt'],
                                   shares[f'{name}/loss_kpt'] * factor)
        assert f'{name}/acc_pose' in shares
    assert 'mpii/acc_pose' not in shares


def test_batch_norm_of_a_head_sees_its_own_samples_only():
    net = model(deconv=True).train()
    before = copy.deepcopy(net.state_dict())
    net.loss(*batch_of_larger_targets('aic', 'coco'))
    for name in KEYPOINTS:
        key = f'heads.{name}.deconv_layers.1.running_mean'
        assert torch.equal(net.state_dict()[key],
                           before[key]) == (name == 'mpii')


def batch_of_larger_targets(*datasets: str):
    return (torch.randn(len(datasets), 3, 64, 48),
            [sample(name, scale=8) for name in datasets])


def stock(net, name: str):
    """The stock estimator with the parts of one dataset."""
    estimator = MODELS.build(
        dict(
            type='TopdownPoseEstimator',
            backbone=dict(type='ViT', arch=TINY, img_size=(64, 48)),
            neck=dict(type='FeatureMapProcessor', scale_factor=4.),
            head=head(KEYPOINTS[name]),
            test_cfg=net.test_cfg))
    estimator.backbone = copy.deepcopy(net.backbone)
    if hasattr(estimator.backbone, 'fold'):
        estimator.backbone.fold(list(KEYPOINTS).index(name))
    estimator.head.load_state_dict(net.heads[name].state_dict())
    return estimator.eval()


@pytest.mark.parametrize('flip_test', [True, False])
@pytest.mark.parametrize('plain', [True, False])
def test_mixed_prediction_equals_stock_models_of_one_dataset(flip_test, plain):
    test_cfg = dict(flip_test=flip_test, output_heatmaps=True)
    net = model(plain=plain, test_cfg=test_cfg).eval()
    inputs, samples = batch('mpii', 'coco', 'aic', 'coco')
    together = net.predict(inputs, copy.deepcopy(samples))
    for i, (sample, got) in enumerate(zip(samples, together)):
        expected = stock(net, sample.dataset_name).predict(
            inputs[i:i + 1], [sample])[0]
        assert got.dataset_name == expected.dataset_name
        torch.testing.assert_close(
            got.pred_fields.heatmaps,
            expected.pred_fields.heatmaps,
            atol=1e-5,
            rtol=1e-5)
        # On untrained heatmaps a peak may jump with the last digit.
        assert np.median(np.abs(got.pred_instances.keypoints -
                                expected.pred_instances.keypoints)) < 1e-3


def test_flip_test_is_one_batch():
    net = model(test_cfg=dict(flip_test=True)).eval()
    inputs, samples = batch('mpii', 'coco', 'coco')
    with mock.patch.object(
            net.backbone, 'embed', side_effect=net.backbone.embed) as run:
        net.predict(inputs, samples)
    (crops, ), = (call.args for call in run.call_args_list)
    expected = [image for i in (1, 2, 0)
                for image in (inputs[i], inputs[i].flip(-1))]
    assert torch.equal(crops, torch.stack(expected))


@mock.patch.dict(CODEC, type='BatchUDPHeatmap')
def test_half_precision_is_one_key():
    nets = share_weights([
        model(test_cfg=dict(flip_test=True, output_heatmaps=True)),
        model(
            test_cfg=dict(
                flip_test=True, output_heatmaps=True, amp_dtype='bfloat16'))
    ])
    inputs, samples = batch('mpii', 'coco')
    full, half = (
        net.predict(inputs, copy.deepcopy(samples)) for net in nets)
    for one, other in zip(full, half):
        assert np.isfinite(other.pred_instances.keypoints).all()
        one, other = one.pred_fields.heatmaps, other.pred_fields.heatmaps
        assert one.dtype == other.dtype == torch.float32
        assert torch.equal(other, other.bfloat16().float())
        assert 0 < (one - other).abs().max() < 0.05 * one.abs().max()


def test_flip_test_uses_the_flip_pairs_of_each_sample():
    net = model(test_cfg=dict(flip_test=True)).eval()
    inputs, samples = batch('coco', 'coco')
    samples[1].set_metainfo(dict(flip_indices=list(range(17))))
    swapped = copy.deepcopy(samples[::-1])
    first = net.predict(inputs, samples)
    second = net.predict(inputs.flip(0), swapped)[::-1]
    for a, b in zip(first, second):
        np.testing.assert_allclose(
            a.pred_instances.keypoints, b.pred_instances.keypoints, atol=0.05)


def test_a_head_can_have_its_own_test_options():
    inputs, samples = batch('coco', 'aic')
    options = dict(flip_test=True, output_heatmaps=True)
    own = dict(options, heads=dict(aic=dict(shift_heatmap=True)))
    nets = [
        model(test_cfg=test_cfg).eval()
        for test_cfg in (own, options, dict(options, shift_heatmap=True))
    ]
    mixed, plain, shifted = ([
        each.pred_fields.heatmaps for each in net.predict(
            inputs, copy.deepcopy(samples))
    ] for net in share_weights(nets))
    assert torch.equal(mixed[0], plain[0])
    assert torch.equal(mixed[1], shifted[1])
    assert not torch.equal(mixed[1], plain[1])


def share_weights(nets: list) -> list:
    for net in nets[1:]:
        net.load_state_dict(nets[0].state_dict())
    return nets


def test_alias_takes_the_way_of_its_head():
    net = model(aliases=dict(ochuman='coco'), test_cfg=dict()).eval()
    inputs, samples = batch('ochuman')
    expected = net.predict(inputs, [sample('coco')])
    got = net.predict(inputs, samples)
    assert got[0].dataset_name == 'ochuman'
    np.testing.assert_array_equal(got[0].pred_instances.keypoints,
                                  expected[0].pred_instances.keypoints)


def test_chosen_dataset_overrides_the_samples_and_the_checkpoint():
    net = model(test_cfg=dict(dataset='coco')).eval()
    net.dataset_meta = dict(dataset_name='aic')
    assert net.dataset_meta['dataset_name'] == 'coco'
    assert net.dataset_meta['num_keypoints'] == 17
    inputs, _ = batch('coco')
    free = model(test_cfg=dict()).eval()
    free.load_state_dict(net.state_dict())
    free.dataset_meta = dict(dataset_name='aic')
    assert free.dataset_meta['dataset_name'] == 'aic'
    unnamed = sample('coco')
    unnamed.set_metainfo(dict(dataset_name='something else'))
    np.testing.assert_array_equal(
        net.predict(inputs, [unnamed])[0].pred_instances.keypoints,
        free.predict(inputs, [sample('coco')])[0].pred_instances.keypoints)
    assert unnamed.metainfo['predicted_as'] == 'coco'


def flip_indices_of(dataset: str) -> list:
    return parse_pose_metainfo(
        dict(from_file=f'configs/_base_/datasets/{dataset}.py')
    )['flip_indices']


def test_samples_flip_as_the_chosen_dataset_and_not_as_their_own():
    options = dict(flip_test=True, output_heatmaps=True)
    net = model(test_cfg=dict(options, dataset='coco')).eval()
    inputs, horses = batch('ap10k', 'ap10k')
    people = [sample('coco') for _ in horses]
    for each, name in zip(horses + people, 2 * ['ap10k'] + 2 * ['coco']):
        each.set_metainfo(dict(flip_indices=flip_indices_of(name)))
    expected = stock(net, 'coco').predict(inputs, people)
    wrong = stock(net, 'coco').predict(inputs, copy.deepcopy(horses))
    for got, one, other in zip(net.predict(inputs, horses), expected, wrong):
        got, one, other = (
            each.pred_fields.heatmaps for each in (got, one, other))
        torch.testing.assert_close(got, one, atol=1e-5, rtol=1e-5)
        assert (one - other).abs().max() > 0.1


def test_unknown_flip_order_of_the_chosen_dataset_is_refused():
    config = dict(
        type='MultiDatasetTopdownPoseEstimator',
        backbone=dict(type='ViT', arch=TINY, img_size=(64, 48)),
        heads=dict(horses=head(17), coco=head(17)),
        test_cfg=dict(flip_test=True, dataset='horses'))
    inputs, samples = batch('coco')
    with pytest.raises(ValueError, match="'coco' as 'horses'.*metainfo=dict"):
        MODELS.build(config).eval().predict(inputs, samples)
    samples[0].set_metainfo(dict(dataset_name='horses'))
    MODELS.build(config).eval().predict(inputs, samples)


@pytest.mark.parametrize('plain', [True, False])
def test_an_empty_batch_has_no_predictions_and_no_loss(plain):
    net = model(plain=plain, test_cfg=dict(flip_test=True))
    empty = torch.zeros(0, 3, 64, 48)
    assert net.eval()(empty, [], mode='predict') == []
    losses = net.train()(empty, [], mode='loss')
    assert [loss.item() for loss in losses.values()] == [0, 0, 0]
    sum(losses.values()).backward()
    assert not any(param.grad.any() for param in net.parameters())


def test_chosen_dataset_leaves_training_alone():
    net = model(test_cfg=dict(dataset='coco')).train()
    losses = net.loss(*batch('aic', 'mpii'))
    assert losses['coco/loss_kpt'] == 0 < losses['aic/loss_kpt']


def test_deploy_keeps_one_dataset_and_its_outputs():
    net = model(
        aliases=dict(ochuman='coco'),
        test_cfg=dict(flip_test=True, dataset='ochuman')).eval()
    inputs, samples = batch('ochuman', 'ochuman')
    expected = net.predict(inputs, copy.deepcopy(samples))
    heatmaps = net(inputs, None, mode='tensor')
    net.switch_to_deploy()
    assert not any('experts' in key or 'heads.aic' in key
                   for key in net.state_dict())
    torch.testing.assert_close(
        net(inputs, None, mode='tensor'), heatmaps, atol=1e-5, rtol=1e-5)
    for a, b in zip(net.predict(inputs, samples), expected):
        np.testing.assert_allclose(
            a.pred_instances.keypoints, b.pred_instances.keypoints, atol=0.05)


def test_heads_are_initialised():
    net = model()
    net.init_weights()
    for each in net.heads.values():
        assert each.final_layer.weight.std() < 2e-3


@pytest.mark.parametrize('options, message', [
    (dict(aliases=dict(ochuman='coc')), "serves the dataset 'ochuman'"),
    (dict(test_cfg=dict(dataset='ap10k')), "'ap10k'.*coco.*aic.*mpii"),
    (dict(loss_weights=dict(coco=1.)), 'a weight to each of'),
    (dict(backbone=dict(
        type='ViTMoE', num_experts=2, arch=TINY)), '2 experts.*3 heads'),
])
def test_wrong_argument_is_named(options, message):
    config = dict(
        type='MultiDatasetTopdownPoseEstimator',
        backbone=dict(type='ViT', arch=TINY),
        heads={k: head(n)
               for k, n in KEYPOINTS.items()})
    with pytest.raises(ValueError, match=message):
        MODELS.build({**config, **options})


def test_unknown_dataset_of_a_sample_is_named():
    for net in (model().train(), model().eval()):
        with pytest.raises(ValueError, match="'crowdpose'.*coco.*aic.*mpii"):
            net(*batch('crowdpose'), mode='loss')


def test_tensor_mode_asks_for_a_dataset():
    with pytest.raises(ValueError, match='test_cfg.dataset'):
        model()(batch('coco')[0], None, mode='tensor')


def test_samples_with_other_keypoints_than_the_head_are_refused():
    net = model(test_cfg=dict(dataset='aic')).eval()
    with pytest.raises(ValueError, match="'coco' have 17.*'aic' predicts 14"):
        net.predict(*batch('coco'))
