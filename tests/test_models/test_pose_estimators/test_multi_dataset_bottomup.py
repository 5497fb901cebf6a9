# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch
from mmengine.optim import OptimWrapper
from mmengine.structures import InstanceData
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample

KEYPOINTS = dict(coco=17, ap10k=17, aic=14)
ARCH = dict(embed_dim=16, depth=2, num_heads=2, mlp_ratio=2)


def build(test_cfg=None, **backbone):
    moe = dict(type='ViTMoE', num_experts=3)
    return MODELS.build(
        dict(
            type='MultiDatasetBottomupPoseEstimator',
            backbone=dict(arch=ARCH, img_size=(64, 64)) | (backbone or moe),
            neck=dict(
                type='ResizedPyramid', in_channels=16, out_channels=16,
                scales=(1, )),
            head=dict(
                type='QueryPoseHead',
                in_channels=16,
                num_keypoints=KEYPOINTS,
                strides=(16, ),
                num_queries=5,
                num_layers=2,
                num_heads=2,
                num_noised=4,
                decoder=dict(type='QueryPoseLabel', input_size=(64, 64))),
            test_cfg=test_cfg))


def sample(name, people=2):
    number = KEYPOINTS[name]
    labels = InstanceData(
        keypoint_labels=torch.rand(people, number, 2) * 60,
        keypoint_weights=torch.ones(people, number),
        keypoint_stds=torch.full((people, number), 5.),
        areas=torch.full((people, ), 400.))
    return PoseDataSample(
        gt_instance_labels=labels,
        metainfo=dict(
            dataset_name=name,
            input_size=(64, 64),
            input_center=np.array([32., 32.]),
            input_scale=np.array([64., 64.])))


def batch(*names):
    return dict(
        inputs=[torch.randn(3, 64, 64) for _ in names],
        data_samples=[sample(name) for name in names])


@pytest.mark.parametrize('backbone', [{}, dict(type='ViT')])
def test_what_has_no_sample_stays_as_it_is(backbone):
    model = build(**backbone).train()
    optim = OptimWrapper(
        torch.optim.AdamW(model.parameters(), lr=1e-2, weight_decay=0.5))
    # Momentum of the first step would move what the second has no sample of.
    for names in (('aic', 'coco', 'ap10k'), ('aic', 'coco', 'aic')):
        before = {name: param.detach().clone()
                  for name, param in model.named_parameters()}
        losses = model.train_step(batch(*names), optim)
        assert all(np.isfinite(float(value)) for value in losses.values())
    same = {name for name, param in model.named_parameters()
            if torch.equal(param, before[name])}
    idle = {name for name, _ in model.named_parameters()
            if 'skeletons.ap10k' in name or '.experts.1.' in name}
    assert len(idle) >= 8 and same == idle


def test_each_image_goes_the_way_of_its_dataset(fill):
    # Layer by layer, rounding of float32 grew to a hundredth of a pixel.
    model = fill(build()).double()
    names = ['aic', 'coco', 'aic', 'ap10k']
    images = torch.randn(4, 3, 64, 64, dtype=torch.float64)
    with torch.no_grad():
        found = model.predict(images, [sample(name) for name in names])
        for row, name in enumerate(names):
            alone = model.predict(images[row:row + 1], [sample(name)])[0]
            keypoints = found[row].pred_instances.keypoints
            assert keypoints.shape == (5, KEYPOINTS[name], 2)
            np.testing.assert_allclose(
                keypoints, alone.pred_instances.keypoints, atol=1e-3)
    # Two datasets of one skeleton are not one dataset.
    other = model.predict(images[1:2], [sample('ap10k')])[0]
    assert not np.allclose(other.pred_instances.keypoints,
                           found[1].pred_instances.keypoints)


def test_one_dataset_can_be_chosen_for_all(fill):
    model = fill(build(dict(dataset='ap10k'))).double()
    assert model.dataset_meta['dataset_name'] == 'ap10k'
    image = torch.randn(1, 3, 64, 64, dtype=torch.float64)
    with torch.no_grad():
        found, = model.predict(image, [sample('coco')])
        keypoints, _, scores = model(image, None, mode='tensor')
    best = scores[0].argsort(descending=True)
    np.testing.assert_allclose(found.pred_instances.keypoints,
                               keypoints[0][best], atol=1e-3)


def test_a_missing_choice_and_wrong_experts_are_named():
    with pytest.raises(ValueError, match="choose one.*'coco', 'ap10k'"):
        build()(torch.randn(1, 3, 64, 64), None, mode='tensor')
    with pytest.raises(ValueError, match="2 experts.*3 skeletons.*'aic'"):
        build(type='ViTMoE', num_experts=2)
    with pytest.raises(ValueError, match="'mpii'"):
        build(dict(dataset='mpii'))
