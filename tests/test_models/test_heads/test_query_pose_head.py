# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch
from mmengine.dist import get_rank, get_world_size
from mmengine.structures import InstanceData, PixelData
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample
from processes import run_processes
from torch import distributed

NAMES = dict(coco=17, ap10k=5)


def build(num_keypoints=5, **changes):
    config = dict(
        type='QueryPoseHead',
        in_channels=16,
        num_keypoints=num_keypoints,
        strides=(8, 16),
        num_queries=6,
        num_layers=2,
        num_heads=2,
        num_points=2,
        num_noised=8,
        decoder=dict(type='QueryPoseLabel', input_size=(64, 48)))
    return MODELS.build(config | changes)


def levels(batch=1, size=(48, 64), seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [
        torch.randn(
            batch, 16, size[0] // stride, size[1] // stride,
            generator=generator) for stride in (8, 16)
    ]


def sample(people=2, number=5, seed=0, visible=1., name=None,
           size=(64, 48)):
    rng = np.random.default_rng(seed)
    labels = InstanceData(
        keypoint_labels=rng.uniform(2, 40, (people, number, 2)),
        keypoint_weights=(rng.random((people, number)) < visible) * 1.,
        keypoint_stds=np.full((people, number), 5.),
        areas=np.full(people, 400.)).to_tensor()
    for key, value in labels.items():
        labels.set_field(value.float(), key)
    out = PoseDataSample(
        gt_instance_labels=labels, metainfo=dict(input_size=size))
    if name:
        out.set_metainfo(dict(dataset_name=name))
    return out


def stay(head):
    """Let people begin at the centres of their cells."""
    torch.nn.init.zeros_(head.skeletons.keypoints.pose[-1].weight)
    torch.nn.init.zeros_(head.skeletons.keypoints.pose[-1].bias)


def total(terms):
    return sum(value for key, value in terms.items() if 'loss' in key)


@pytest.mark.parametrize('people', [(0, ), (1, ), (2, 0), (9, 1)])
def test_every_parameter_gets_a_gradient(people):
    head = build()
    terms = head.loss(
        levels(len(people)), [sample(number) for number in people])
    assert torch.isfinite(total(terms))
    total(terms).backward()
    assert all(param.grad is not None for param in head.parameters())


def test_invisible_people_and_keypoints_are_no_trouble():
    head = build()
    for visible in (0., 0.3):
        terms = head.loss(levels(), [sample(3, visible=visible)])
        assert torch.isfinite(total(terms))
        total(terms).backward()
    assert all(param.grad.isfinite().all() for param in head.parameters())


def test_loss_is_the_mean_over_the_people_of_the_batch():
    head = build(num_noised=0)
    parts = [sample(3, seed=1), sample(1, seed=2)]
    alone = [
        head.loss([level[row:row + 1] for level in levels(2)], [part])
        for row, part in enumerate(parts)
    ]
    together = head.loss(levels(2), parts)
    for key, value in together.items():
        expected = (3 * alone[0][key] + alone[1][key]) / 4
        torch.testing.assert_close(value, expected)


def test_training_brings_queries_to_the_people():
    head = build()
    feats, samples = levels(2), [sample(2, seed=1), sample(1, seed=2)]
    optimizer = torch.optim.AdamW(head.parameters(), 5e-3)
    for _ in range(100):
        optimizer.zero_grad()
        total(head.loss(feats, samples)).backward()
        optimizer.step()
    found = head.eval().predict(feats, samples, {})
    for each, expected in zip(found, samples):
        labels = expected.gt_instance_labels.keypoint_labels.numpy()
        best = each.keypoints[:len(labels)]
        apart = np.linalg.norm(best[:, None] - labels, axis=3).mean(2)
        assert apart.min(0).max() < 6
        assert len(set(apart.argmin(0))) == len(labels)
        people, others = np.split(each.bbox_scores, [len(labels)])
        assert people.min() > others.max() + 0.2


def test_people_are_sorted_by_score_and_have_boxes(fill):
    head = fill(build())
    found, = head.predict(levels(), [sample()], {})
    assert found.keypoints.shape == (6, 5, 2)
    assert (np.diff(found.bbox_scores) <= 0).all()
    with torch.no_grad():
        keypoints, scores, people = head(levels())
    order = people[0].argsort(descending=True)
    np.testing.assert_allclose(found.keypoints, keypoints[0][order])
    np.testing.assert_allclose(found.keypoint_scores, scores[0][order])
    for points, own, score, box in zip(found.keypoints,
                                       found.keypoint_scores,
                                       found.bbox_scores, found.bboxes):
        visible = points[own > score / 2]
        points = visible if len(visible) > 1 else points
        np.testing.assert_allclose(box, [*points.min(0), *points.max(0)])
    best = found.bbox_scores[2]
    fewer, = head.predict(levels(), [sample()], dict(score_thr=best))
    assert len(fewer) == 2
    nobody, = head.predict(levels(), [sample()], dict(score_thr=1.))
    assert nobody.keypoints.shape == (0, 5, 2)


def test_nobody_is_found_in_what_pads_a_smaller_image(fill):
    head = fill(build(num_queries=8))
    feats = levels(2)
    seen = []
    refine = head.layers.forward

    def watch(x, keypoints, *rest):
        seen.append(keypoints)
        return refine(x, keypoints, *rest)

    head.layers.forward = watch
    stay(head)
    head.predict(feats, [sample(), sample(size=(32, 24))], {})
    assert (seen[0][0, ..., 0] > 32).any()
    assert (seen[0][1] < torch.tensor([32., 24.])).all()


def test_fewer_cells_than_queries_are_fewer_people(fill):
    head = fill(build(num_queries=99))
    found, = head.predict(levels(), [sample()], {})
    assert len(found) == 6 * 8 + 3 * 4


def test_flip_test_is_refused(fill):
    with pytest.raises(ValueError, match='flip_test'):
        build().predict(levels(), [sample()], dict(flip_test=True))


@pytest.mark.parametrize('strides', [(4, 8), (16, 32), (8, 16, 32), (8, )])
def test_strides_that_are_not_those_of_the_maps_are_refused(strides):
    head = build(strides=strides)
    message = r'strides=.*do not fit .*\[8, 4\] cells, .* up to 64 pixels'
    with pytest.raises(ValueError, match=message):
        head.loss(levels(), [sample()])
    with pytest.raises(ValueError, match=message):
        head.predict(levels(), [sample()], {})


@pytest.mark.parametrize('strides', [(6, 16), (10, 20), (9, 16), (8, 11)])
def test_strides_near_those_of_the_maps_are_refused(strides):
    padded = sample()
    padded.set_metainfo(dict(batch_input_shape=(48, 64)))
    build().loss(levels(), [padded])
    with pytest.raises(ValueError, match='strides='):
        build(strides=strides).loss(levels(), [padded])


def test_sizes_that_are_no_multiple_of_a_patch_fit_when_padded():
    # 63 pixels are 7 patches of 8; 3 of 16.
    feats = [torch.randn(1, 16, 5, 7), torch.randn(1, 16, 2, 3)]
    padded = sample(size=(50, 40))
    padded.set_metainfo(dict(batch_input_shape=(47, 63)))
    build().loss(feats, [padded])


def test_sizes_that_are_no_multiple_of_a_stride_fit():
    feats = [torch.randn(1, 16, 5, 7), torch.randn(1, 16, 2, 3)]
    for size in ((56, 40), (63, 47), (50, 40)):
        build().loss(feats, [sample(size=size)])


def test_unknown_loss_weights_are_refused():
    with pytest.raises(ValueError, match='box'):
        build(loss_weights=dict(score=1., box=1.))


def test_each_sample_is_asked_for_the_keypoints_of_its_dataset(fill):
    head = fill(build(NAMES))
    names = ['ap10k', 'coco', 'ap10k']
    samples = [sample(1, NAMES[name], name=name) for name in names]
    feats = levels(3)
    found = head.predict(feats, samples, {})
    for row, name in enumerate(names):
        assert found[row].keypoints.shape == (6, NAMES[name], 2)
        with torch.no_grad():
            keypoints, _, scores = head(
                [level[row:row + 1] for level in feats], name)
        np.testing.assert_allclose(
            found[row].keypoints,
            keypoints[0][scores[0].argsort(descending=True)], atol=1e-3)
    chosen = head.predict(feats, samples, dict(dataset='coco'))
    assert {len(each.keypoints[0]) for each in chosen} == {17}


def test_datasets_do_not_train_each_others_tokens():
    head = build(NAMES)
    terms = head.loss(levels(), [sample(2, 17, name='coco')])
    total(terms).backward()
    assert all((param.grad == 0).all()
               for param in head.skeletons['ap10k'].parameters())
    assert (head.skeletons['coco'].tokens.grad != 0).any()
    assert {key.split('/')[0] for key in terms} == {'coco', 'ap10k'}


def test_an_unknown_dataset_is_named():
    with pytest.raises(ValueError, match="'mpii'"):
        build(NAMES).loss(levels(), [sample(2, 17, name='mpii')])


def test_crowds_reach_the_loss():
    head = build(num_noised=0)
    stay(head)
    crowded = sample(0)
    crowded.gt_fields = PixelData(
        heatmap_mask=torch.zeros(1, 48, 64, dtype=torch.bool))
    free = sample(0)
    free.gt_fields = PixelData(
        heatmap_mask=torch.ones(1, 48, 64, dtype=torch.bool))
    assert head.loss(levels(), [crowded])['loss_score'] == 0
    assert head.loss(levels(), [free])['loss_score'] > 0


def gradients_of_part():
    """Mean gradients of a batch of which each process has a part."""
    world_size = get_world_size()
    head = build(num_noised=0)
    rows = [get_rank()] if world_size > 1 else [0, 1]
    samples = [sample(3, seed=1), sample(1, seed=2)]
    total(
        head.loss([level[rows] for level in levels(2)],
                  [samples[row] for row in rows])).backward()
    grads = [param.grad for param in head.parameters()]
    if world_size > 1:
        for grad in grads:
            distributed.all_reduce(grad)
            grad /= world_size
    return grads


def test_two_processes_are_one():
    alone, = run_processes(gradients_of_part, 1)
    first, _ = run_processes(gradients_of_part, 2)
    for ours, expected in zip(first, alone):
        torch.testing.assert_close(ours, expected, atol=1e-5, rtol=1e-4)
