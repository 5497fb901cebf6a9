# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch
from mmengine.structures import InstanceData, PixelData
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample

K, SIZE = 3, (64, 48)  # of the image, (w, h)
FLIP = [0, 2, 1]
CODEC = dict(
    type='UDPAssociativeEmbedding',
    input_size=SIZE,
    heatmap_size=(16, 12),
    sigma=1,
    decode_keypoint_order=[0, 1, 2])

# What MMPose's head cannot do; strict, so that we learn when it can.
stock = pytest.param(
    'AssociativeEmbeddingHead',
    marks=pytest.mark.xfail(
        strict=True, raises=(AssertionError, TypeError, RuntimeError)))


def build(name='AEHead', tag_dim=1):
    loss = 'AELoss' if name == 'AEHead' else 'AssociativeEmbeddingLoss'
    return MODELS.build(
        dict(
            type=name,
            in_channels=8,
            num_keypoints=K,
            tag_dim=tag_dim,
            deconv_out_channels=(8, 8),
            deconv_kernel_sizes=(4, 4),
            tag_loss=dict(type=loss),
            decoder=CODEC)).eval()


def features(seed=0, size=(3, 4), batch=2):
    generator = torch.Generator().manual_seed(seed)
    return (torch.randn(batch, 8, *size, generator=generator), )


def samples(people, size=(12, 16)):
    """A sample per entry of ``people``, with targets for so many."""
    rng = np.random.default_rng(0)
    out = []
    for count in people:
        sample = PoseDataSample(metainfo=dict(flip_indices=FLIP))
        sample.gt_fields = PixelData(
            heatmaps=torch.rand(K, *size),
            heatmap_mask=torch.ones(1, *size, dtype=torch.bool))
        cells = torch.from_numpy(rng.integers(0, 192, (count, K)))
        sample.gt_instance_labels = InstanceData(
            keypoint_indices=torch.stack([cells, torch.ones_like(cells)], -1),
            keypoint_weights=torch.ones(count, K))
        out.append(sample)
    return out


@pytest.mark.parametrize('name', ['AEHead', stock])
@pytest.mark.parametrize('people', [(2, 5), (30, 1)])
def test_several_people_train(name, people):
    losses = build(name).loss(features(), samples(people))
    sum(losses.values()).backward()
    assert set(losses) == {'loss_kpt', 'loss_pull', 'loss_push'}
    assert all(loss > 0 for loss in losses.values())


@pytest.mark.parametrize('people', [(0, 0), (1, 1), (0, 3)])
def test_images_without_people_train(people):
    losses = build().loss(features(), samples(people))
    assert all(loss.isfinite() for loss in losses.values())


def test_masked_cells_are_no_negatives():
    head, batch = build(), samples((1, 2))
    masked = batch[1].gt_fields.heatmap_mask
    masked[:, 4:9, 3:7] = False
    expected = head.loss(features(), batch)['loss_kpt']
    batch[1].gt_fields.heatmaps[:, 4:9, 3:7] = 100.
    torch.testing.assert_close(
        head.loss(features(), batch)['loss_kpt'], expected)
    batch[1].gt_fields.heatmaps[:, 0, 0] = 100.
    assert head.loss(features(), batch)['loss_kpt'] > expected + 1


@pytest.mark.parametrize('name', ['AEHead', stock])
def test_prediction_without_flip(name):
    preds = build(name).predict(features(), samples((1, 1)), {})
    assert len(preds) == 2


def test_people_below_a_score_are_left_out():
    head = build()
    everybody, = head.predict(features(batch=1), samples((1, )), {})
    scores = everybody.bbox_scores
    assert len(scores) > 2 and (np.diff(scores) < 0).any()
    config = dict(score_thr=float(scores[1]))
    people, = head.predict(features(batch=1), samples((1, )), config)
    assert (people.bbox_scores > scores[1]).all()
    kept = scores > scores[1]
    np.testing.assert_array_equal(people.keypoints, everybody.keypoints[kept])
    nobody, = head.predict(features(batch=1), samples((1, )),
                           dict(score_thr=1e9))
    assert nobody.keypoints.shape == (0, K, 2)


@pytest.mark.parametrize('name', ['AEHead', stock])
def test_prediction_at_several_scales(name):
    feats = [features(), features(1, (2, 2))]
    config = dict(multiscale_test=True)
    preds = build(name).predict(feats, samples((1, 1)), config)
    assert len(preds) == 2


@pytest.mark.parametrize('flip', [False, True])
@pytest.mark.parametrize('multiscale', [False, True])
def test_prediction_returns_maps_and_people_of_each_image(flip, multiscale):
    scales = [features(0), features(1, (2, 2))]
    feats = [[scale, scale] if flip else scale for scale in scales]
    config = dict(
        flip_test=flip, multiscale_test=multiscale, output_heatmaps=True)
    preds, maps = build(tag_dim=2).predict(feats if multiscale else feats[0],
                                           samples((1, 1)), config)
    for people, fields in zip(preds, maps):
        assert fields.heatmaps.shape == (K, 12, 16)
        assert fields.tags.shape == (K * 2 * (1 + flip), 12, 16)
        count = len(people)
        assert people.keypoints.shape == (count, K, 2)
        assert people.keypoint_scores.shape == (count, K)
        assert people.bbox_scores.shape == (count, )


def test_flip_test_averages_the_mirrored_heatmaps_and_keeps_both_tags():
    head = build(tag_dim=2)
    feats, mirrored = features(0), features(1)
    _, maps = head.predict([feats, mirrored], samples((1, 1)),
                           dict(flip_test=True, output_heatmaps=True))
    heatmaps, tags = head.forward(feats)
    others, other_tags = head.forward(mirrored)
    expected = (heatmaps + others.flip(3)[:, FLIP]) / 2
    torch.testing.assert_close(maps[0].heatmaps, expected[0])
    torch.testing.assert_close(maps[1].tags[:2 * K], tags[1])
    for dim in (0, 1):
        for kind in range(K):
            torch.testing.assert_close(
                maps[1].tags[2 * K + dim * K + kind],
                other_tags[1, dim * K + FLIP[kind]].flip(-1))


def test_other_scales_are_resized_corner_to_corner():
    head = build()
    scales = [features(0), features(1, (5, 7))]
    _, maps = head.predict(scales, samples((1, 1)),
                           dict(multiscale_test=True, output_heatmaps=True))
    own, other = (head.forward(scale)[0] for scale in scales)
    mean = (own[..., 0, -1] + other[..., 0, -1]) / 2
    torch.testing.assert_close(maps[0].heatmaps[:, 0, -1], mean[0])
    assert maps[0].tags.shape[0] == K


def test_half_precision_maps_are_decoded():
    head = build().to(torch.bfloat16)
    feats = (features()[0].to(torch.bfloat16), )
    people = head.predict(feats, samples((1, 1)), {})[0]
    assert np.isfinite(people.keypoints).all()
