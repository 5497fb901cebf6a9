# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""One NamedHeatmapHead for all datasets of a joint model."""
import copy
from typing import Dict, List

import numpy as np
import pytest
import torch
from mmengine.model import MMDistributedDataParallel
from mmengine.optim import OptimWrapper
from mmengine.structures import InstanceData, PixelData
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample
from processes import run_processes
from torch import Tensor, distributed, nn

from vitpose_mm.datasets.registered_metainfo import registered_metainfo

KEYPOINTS = dict(coco=17, aic=14, ap10k=17)
CODEC = dict(
    type='UDPHeatmap', input_size=(48, 64), heatmap_size=(12, 16), sigma=2)
# Places of one joint in three skeletons.
LEFT_KNEE = dict(coco=13, aic=10, ap10k=12)


def build(plain: bool = False, norm: bool = True, **options) -> nn.Module:
    backbone = dict(type='ViT') if plain else dict(
        type='ViTMoE', num_experts=3)
    torch.manual_seed(0)
    model = MODELS.build(dict(
        type='MultiDatasetTopdownPoseEstimator',
        backbone=dict(
            arch=dict(embed_dim=32, depth=2, num_heads=4),
            img_size=(64, 48), **backbone),
        head=dict(
            type='NamedHeatmapHead',
            in_channels=32,
            hidden_channels=16,
            deconv_out_channels=(16, 16) if norm else None,
            deconv_kernel_sizes=(4, 4) if norm else None,
            decoder=CODEC),
        heads={name: {} for name in KEYPOINTS},
        train_cfg=dict(compute_acc=False),
        **options))
    for param in model.parameters():
        nn.init.normal_(param, std=0.2)
    return model


def sample(dataset: str, h: int = 16, w: int = 12) -> PoseDataSample:
    K = KEYPOINTS[dataset]
    result = PoseDataSample(metainfo=dict(
        dataset_name=dataset,
        flip_indices=registered_metainfo(dataset)['flip_indices'],
        input_center=np.array([24., 32]), input_scale=np.array([48., 64]),
        input_size=(48, 64)))
    result.gt_fields = PixelData(heatmaps=torch.rand(K, h, w))
    result.gt_instance_labels = InstanceData(
        keypoint_weights=torch.randint(2, (1, K)).float())
    result.gt_instances = InstanceData(
        bboxes=np.array([[0, 0, 48, 64.]]), bbox_scores=np.ones(1))
    return result


def batch(*datasets: str, **size):
    return (torch.randn(len(datasets), 3, 64, 48),
            [sample(name, **size) for name in datasets])


def all_at_once(model: nn.Module, moe_reference, inputs: Tensor,
                samples: List[PoseDataSample]) -> Tensor:
    """The sum of the losses by a reference that computes the heatmaps of all
    names of all datasets for every sample, and masks."""
    names = list(KEYPOINTS)
    idx = torch.tensor([names.index(s.dataset_name) for s in samples])
    trunk = model.head.trunk((moe_reference(model.backbone, inputs, idx), ))
    total = 0
    for j, name in enumerate(names):
        conv = model.heads[name].final_layer
        x = torch.cat((
            conv.vectors * 512**0.5, model.head.filters.sides(conv.sides),
            model.head.filters.places(conv.places)), 1)
        weight = model.head.filters.layers(x) * 4 / 16
        pred = torch.einsum('bchw,kc->bkhw', trunk, weight[:, :-1])
        pred = pred + weight[:, -1][:, None, None]
        target, mask = torch.zeros_like(pred), torch.zeros(pred.shape[:2])
        for i, s in enumerate(samples):
            if idx[i] == j:
                target[i] = s.gt_fields.heatmaps
                mask[i] = s.gt_instance_labels.keypoint_weights[0]
        total = total + ((pred - target).square()
                         * mask[..., None, None]).mean()
    return total


@pytest.mark.parametrize('datasets', [
    ('ap10k', 'coco', 'aic', 'coco'), ('coco', 'coco', 'ap10k'), ('aic', )])
def test_loss_and_gradients_equal_a_reference_that_computes_all(
        datasets, moe_reference):
    model = build().train()
    inputs, samples = batch(*datasets)
    ours = model.loss(inputs, samples)
    params = list(model.parameters())
    expected = all_at_once(model, moe_reference, inputs, samples)
    torch.testing.assert_close(sum(ours.values()), expected)
    for a, b in zip(torch.autograd.grad(sum(ours.values()), params),
                    torch.autograd.grad(expected, params, allow_unused=True)):
        torch.testing.assert_close(
            a, torch.zeros_like(a) if b is None else b, atol=1e-5, rtol=1e-3)


def predict(model: nn.Module, inputs: Tensor,
            samples: List[PoseDataSample]) -> List[Tensor]:
    found = model.eval().predict(inputs, copy.deepcopy(samples))
    return [each.pred_fields.heatmaps for each in found]


@pytest.mark.parametrize('flip_test', [False, True])
def test_one_joint_has_one_map_whatever_the_dataset_of_the_sample(flip_test):
    model = build(plain=True, test_cfg=dict(
        flip_test=flip_test, output_heatmaps=True))
    inputs, samples = batch(*KEYPOINTS)
    inputs = inputs[:1].expand(3, -1, -1, -1)
    maps = [each[LEFT_KNEE[name]] for each, name in zip(
        predict(model, inputs, samples), KEYPOINTS)]
    for other in maps[1:]:
        torch.testing.assert_close(other, maps[0], atol=1e-5, rtol=1e-5)
    alone = predict(model, inputs[:1], samples[:1])[0][LEFT_KNEE['coco']]
    torch.testing.assert_close(alone, maps[0], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize('plain', [True, False])
@pytest.mark.parametrize('flip_test', [False, True])
def test_asked_names_are_the_keypoints_of_the_datasets(plain, flip_test):
    options = dict(flip_test=flip_test, output_heatmaps=True)
    model = build(plain=plain, test_cfg=dict(options, dataset='coco'))
    asked = build(plain=plain, test_cfg=dict(
        options, dataset='coco', names=['tail', 'left knee', 'nose']))
    asked.load_state_dict(model.state_dict())
    inputs, samples = batch('coco', 'coco')
    for whole, some in zip(predict(model, inputs, samples),
                           predict(asked, inputs, samples)):
        assert some.shape == (3, 16, 12)
        torch.testing.assert_close(some[1:], whole[[13, 0]], atol=1e-5,
                                   rtol=1e-5)


def test_metainfo_of_asked_names_links_what_is_asked_for():
    model = build(plain=True, test_cfg=dict(names=[
        'kneecap', 'left knee', 'L ankle', 'right knee']))
    meta = model.dataset_meta
    assert [meta['keypoint_id2name'][k] for k in range(4)] == [
        'kneecap', 'left knee', 'left ankle', 'right knee']
    assert list(meta['flip_indices']) == [0, 3, 2, 1]
    assert [sorted(link) for link in meta['skeleton_links']] == [[1, 2]]
    coco = registered_metainfo('coco')['sigmas']
    np.testing.assert_allclose(meta['sigmas'][1:3],
                               coco[[13, 15]])


def test_the_log_says_what_was_learned_and_what_is_nearest(log):
    model = build(plain=True, test_cfg=dict(
        output_heatmaps=True,
        names=['left kneecap', 'nose', 'right front paw']))
    with torch.no_grad():
        inputs, samples = batch('coco', 'ap10k')
        for each in samples:
            each.gt_instance_labels.keypoint_weights[:] = 1
        model.train().loss(inputs, samples)
        predict(model, *batch('aic'))
    lines = log.messages
    assert "'nose': learned from coco, ap10k" in lines
    assert "'right front paw': learned from ap10k" in lines
    line, = (each for each in lines if 'kneecap' in each)
    assert "never learned; the nearest that was is 'left knee'" in line


@pytest.mark.parametrize('plain', [True, False])
@pytest.mark.parametrize('names', [None, ['left knee', 'tail']])
def test_folded_it_is_a_plain_model_with_the_same_maps(plain, names):
    model = build(plain=plain, test_cfg=dict(
        dataset='ap10k', names=names, flip_test=True, output_heatmaps=True))
    inputs, samples = batch('ap10k', 'ap10k')
    expected = predict(model, inputs, samples)
    model.switch_to_deploy()
    assert not hasattr(model, 'head')
    assert type(model.heads['ap10k'].final_layer) is nn.Conv2d
    for found, wanted in zip(predict(model, inputs, samples), expected):
        torch.testing.assert_close(found, wanted, atol=1e-5, rtol=1e-5)
    tensors = model(inputs, None)
    assert tensors.shape[1] == len(names or range(17))


def test_a_checkpoint_of_other_order_keeps_experts_with_their_names():
    model = build(test_cfg=dict(output_heatmaps=True))
    state = copy.deepcopy(model.state_dict())
    other = MODELS.build(dict(
        type='MultiDatasetTopdownPoseEstimator',
        backbone=dict(
            type='ViTMoE', num_experts=3, img_size=(64, 48),
            arch=dict(embed_dim=32, depth=2, num_heads=4)),
        head=dict(
            type='NamedHeatmapHead', in_channels=32, hidden_channels=16,
            deconv_out_channels=(16, 16), decoder=CODEC),
        heads={name: {} for name in sorted(KEYPOINTS)},
        test_cfg=dict(output_heatmaps=True)))
    other.load_state_dict(state)
    inputs, samples = batch(*KEYPOINTS)
    for a, b in zip(predict(model, inputs, samples),
                    predict(other, inputs, samples)):
        torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(('options', 'said'), [
    (dict(test_cfg=dict(names=['nose'])),
     "choose one with test_cfg.dataset, of .'coco', 'aic', 'ap10k'"),
    (dict(test_cfg=dict(names=['nose', 'left'], dataset='coco')),
     "'left' names no part"),
])
def test_names_that_cannot_be_asked_for_are_one_clear_error(options, said):
    with pytest.raises(ValueError, match=said):
        build(**options)


def test_names_need_a_head_that_knows_them():
    with pytest.raises(ValueError, match="needs head=dict.type='NamedHeat"):
        MODELS.build(dict(
            type='MultiDatasetTopdownPoseEstimator',
            backbone=dict(
                type='ViT', img_size=(64, 48),
                arch=dict(embed_dim=32, depth=2, num_heads=4)),
            heads=dict(coco=dict(
                type='HeatmapHead', in_channels=32, out_channels=17,
                deconv_out_channels=None)),
            test_cfg=dict(names=['nose'])))


def train() -> List[Dict[str, Tensor]]:
    """Two steps on fixed batches; the weights after each."""
    rank, world_size = 0, 1
    model = wrapped = build(norm=False).double().train()
    optim = OptimWrapper(torch.optim.AdamW(model.parameters(), lr=1e-3))
    if distributed.is_initialized():
        rank, world_size = distributed.get_rank(), distributed.get_world_size()
        wrapped = MMDistributedDataParallel(model, device_ids=None)
    states = []
    for names in (('coco', 'coco', 'aic', 'ap10k'),
                  ('aic', 'coco', 'aic', 'aic')):
        inputs, samples = batch(*names, h=4, w=3)
        for each in samples:
            each.gt_fields.heatmaps = each.gt_fields.heatmaps.double()
        share = len(names) // world_size
        own = slice(rank * share, (rank + 1) * share)
        wrapped.train_step(
            dict(inputs=list(inputs.double()[own]), data_samples=samples[own]),
            optim)
        states.append({name: param.detach().clone()
                       for name, param in model.named_parameters()})
    return states


def test_two_processes_equal_one():
    (one, ), two = run_processes(train, 1), run_processes(train, 2)
    for step, expected in enumerate(one):
        for name, value in expected.items():
            torch.testing.assert_close(two[0][step][name], value, atol=1e-6,
                                       rtol=1e-5)
    moved = [name for name in one[0]
             if not torch.equal(one[0][name], one[1][name])]
    # The second step had no animal: its expert rests, the head does not.
    assert 'head.filters.layers.0.weight' in moved
    assert not any('.experts.2.' in name for name in moved)
