# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch
from mmpose.registry import KEYPOINT_CODECS, TRANSFORMS

K = 5


def build(size=(256, 192), **options):
    return KEYPOINT_CODECS.build(
        dict(
            type='UDPAssociativeEmbedding',
            input_size=size,
            heatmap_size=(size[0] // 4, size[1] // 4),
            sigma=2,
            decode_keypoint_order=list(range(K)),
            **options))


def people(count, size=(256, 192), seed=0):
    """Keypoints (count, K, 2) in pixels, each kind of them on a grid of its
    own, so that two of a kind are never close."""
    rng = np.random.default_rng(seed)
    side = 40
    cells = np.stack(
        np.meshgrid(
            np.arange(side // 2, size[0] - 10, side),
            np.arange(side // 2, size[1] - 10, side)), -1)
    cells = cells.reshape(-1, 2)
    keypoints = np.stack([rng.permutation(cells)[:count] for _ in range(K)], 1)
    return (keypoints + rng.uniform(-4, 4, keypoints.shape)).astype(np.float32)


def maps(codec, keypoints, visible=None):
    """Perfect heatmaps and tags, (1, K, H, W): person i has tag 3 * i."""
    encoded = codec.encode(keypoints, visible)
    heatmaps = torch.from_numpy(encoded['heatmaps'])[None]
    tags = torch.full_like(heatmaps, -100.)
    width, height = codec.heatmap_size
    for i, person in enumerate(encoded['keypoint_indices']):
        for kind, (cell, labelled) in enumerate(person):
            if labelled:
                y, x = divmod(int(cell), width)
                tags[0, kind,
                     max(y - 2, 0):y + 3,
                     max(x - 2, 0):x + 3] = 3. * i
    return heatmaps, tags


def match(found, expected):
    """Distance of each expected person to the nearest found one."""
    distance = np.linalg.norm(found[:, None] - expected, axis=-1).max(-1)
    return distance.min(0, initial=np.inf)


@pytest.mark.parametrize('count', [0, 1, 5, 20])
def test_decoding_inverts_encoding(count):
    codec, expected = build(), people(count)
    (found, ), (scores, ), (instance, ) = codec.batch_decode(
        *maps(codec, expected))
    assert found.shape == (count, K, 2) and scores.shape == (count, K)
    assert instance.shape == (count, )
    assert np.all(match(found, expected) < 0.3)


def test_thirty_people_are_found():
    codec, expected = build((512, 512)), people(30, (512, 512))
    (found, ), _, _ = codec.batch_decode(*maps(codec, expected))
    assert len(found) == 30
    assert np.all(match(found, expected) < 0.3)


def test_other_image_sizes_keep_the_ratio():
    trained, wide = build((256, 192)), build((384, 192))
    expected = people(4, (384, 192))
    (found, ), _, _ = trained.batch_decode(*maps(wide, expected))
    assert np.all(match(found, expected) < 0.3)


@pytest.mark.parametrize('corner', [(0, 0), (255, 0), (0, 191), (255, 191)])
def test_person_in_a_corner_is_exact(corner):
    codec = build()
    expected = np.full((1, K, 2), corner, np.float32)
    (found, ), (scores, ), _ = codec.batch_decode(*maps(codec, expected))
    np.testing.assert_allclose(found, expected, atol=0.01)
    np.testing.assert_allclose(scores, 1)


def test_missing_keypoint_takes_place_and_score_of_the_maps():
    codec, expected = build(), people(2)
    visible = np.ones((2, K), np.float32)
    visible[1, 3] = 0
    heatmaps, tags = maps(codec, expected, visible)
    # Too faint for a candidate, but with the tag of person 1.
    heatmaps[0, 3, 30, 40] = 0.05
    tags[0, 3, 30, 40] = 3.
    (found, ), (scores, ), (instance, ) = codec.batch_decode(heatmaps, tags)
    assert scores[1, 3] == pytest.approx(0.05)
    scale = np.array([255 / 63, 191 / 47])
    np.testing.assert_allclose(found[1, 3] / scale, (40, 30), atol=1)
    assert instance[1] == pytest.approx(scores[1, [0, 1, 2, 4]].sum() / K)


def test_keypoint_of_somebody_else_scores_nothing():
    codec, expected = build(), people(2)
    visible = np.ones((2, K), np.float32)
    visible[1, 3] = 0
    _, (scores, ), _ = codec.batch_decode(*maps(codec, expected, visible))
    # Who has all keypoints is the better one.
    assert scores[0, 3] > .9
    assert scores[1, 3] == 0


def test_scores_are_the_heatmaps_and_sorted():
    codec, expected = build(), people(3)
    heatmaps, tags = maps(codec, expected)
    heatmaps *= torch.where(tags == 3., .9, torch.where(tags == 6., .6, .3))
    _, (scores, ), (instance, ) = codec.batch_decode(heatmaps, tags)
    assert np.all((scores > 0) & (scores <= .9))
    assert np.all(np.diff(instance) < 0)


def test_best_people_are_kept():
    codec, expected = build(decode_max_instances=1), people(3)
    heatmaps, tags = maps(codec, expected)
    heatmaps *= torch.where(tags == 3., .9, .3)
    (found, ), _, _ = codec.batch_decode(heatmaps, tags)
    assert np.all(match(found, expected[1:2]) < 0.3)


@pytest.mark.parametrize('value', [0., -1e-3, 1.])
def test_flat_maps_give_finite_answers(value):
    flat = torch.full((2, K, 48, 64), value)
    for part in build().batch_decode(flat, torch.zeros_like(flat)):
        assert all(np.isfinite(image).all() for image in part)


@pytest.mark.parametrize('value', [np.nan, np.inf, -np.inf])
def test_values_that_are_no_numbers_count_as_zero(value):
    codec = build()
    heatmaps, tags = maps(codec, people(3))
    expected, broken = heatmaps.clone(), heatmaps.clone()
    expected[0, :, :3], broken[0, :, :3] = 0., value
    expected[0, 1], broken[0, 1] = 0., value
    for one, other in zip(
            codec.batch_decode(broken, tags),
            codec.batch_decode(expected, tags)):
        np.testing.assert_array_equal(one[0], other[0])


def test_maps_are_left_as_they_are():
    codec = build()
    heatmaps, tags = maps(codec, people(3))
    copies = heatmaps.clone(), tags.clone()
    codec.batch_decode(heatmaps, tags)
    assert torch.equal(heatmaps, copies[0]) and torch.equal(tags, copies[1])


def test_mmpose_spoils_scores_and_maps():
    """Why decoding is our own."""
    ours, expected = build(), people(2)
    visible = np.ones((2, K), np.float32)
    visible[1, 3] = 0
    heatmaps, tags = maps(ours, expected, visible)
    stock = KEYPOINT_CODECS.build(
        dict(
            type='AssociativeEmbedding',
            input_size=(256, 192),
            heatmap_size=(64, 48),
            sigma=2,
            use_udp=True,
            decode_keypoint_order=list(range(K))))
    spoilt = heatmaps.clone()
    _, (scores, ), _ = stock.batch_decode(spoilt, tags)
    assert scores.min() < 0
    assert not torch.equal(spoilt, heatmaps)
    _, (scores, ), _ = ours.batch_decode(heatmaps, tags)
    assert scores.min() >= 0


@pytest.mark.parametrize('name, packed', [('AssociativeEmbedding', False),
                                          ('UDPAssociativeEmbedding', True)])
def test_packing_keeps_what_the_tag_loss_needs(name, packed):
    codec = dict(
        type=name,
        input_size=(256, 192),
        heatmap_size=(64, 48),
        sigma=2,
        decode_keypoint_order=list(range(K)))
    results = dict(
        img=np.zeros((192, 256, 3), np.uint8),
        keypoints=people(2),
        keypoints_visible=np.ones((2, K), np.float32))
    for step in (dict(type='GenerateTarget', encoder=codec),
                 dict(type='PackPoseInputs', meta_keys=())):
        results = TRANSFORMS.build(step)(results)
    labels = results['data_samples'].gt_instance_labels
    assert ('keypoint_indices' in labels) is packed
