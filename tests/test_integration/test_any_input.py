# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Shapes, batches, mixtures and files that nobody thought of."""
from collections import Counter
from math import ceil

import numpy as np
import torch
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from mmengine.structures import InstanceData
from mmpose.codecs import UDPHeatmap
from mmpose.registry import DATA_SAMPLERS, KEYPOINT_CODECS, MODELS
from mmpose.structures import PoseDataSample
from torch.utils.data import ConcatDataset

from vitpose_tools.checkpoint_tools.convert import convert

KEYPOINTS = dict(coco=17, aic=14, mpii=16)
NAMES = sorted(KEYPOINTS)
ARCH = dict(embed_dim=8, depth=2, num_heads=2)
CLOSE = {torch.float64: 1e-9, torch.float32: 1e-4, torch.bfloat16: 0.1}

# The same examples in each run, as a failure has to be found again.
many = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture])


def sizes(least: int, most: int):
    return st.tuples(st.integers(least, most), st.integers(least, most))


@many
@given(
    ways=st.lists(st.integers(0, 2), max_size=3),
    patch=st.sampled_from([1, 2, 4, 7, 8, 16]),
    overlap=st.floats(0, 0.9),
    trained=sizes(1, 6),
    seen=sizes(1, 6),
    rest=sizes(0, 15),
    moe=st.booleans(),
    dtype=st.sampled_from(list(CLOSE)),
    attention=st.sampled_from([
        None,
        dict(window_size=(2, 2), pooling=True),
        dict(window_size=(3, 2), shift=True, rel_pos=True)
    ]))
@example([], 16, 0., (4, 3), (4, 3), (0, 0), True, torch.float32, None)
def test_a_vit_takes_any_image_and_samples_do_not_meet(
        ways, patch, overlap, trained, seen, rest, moe, dtype, attention):
    stride = max(1, round(patch * (1 - overlap)))
    size = [max(patch, n * stride + r % stride) for n, r in zip(seen, rest)]
    experts = dict(type='ViTMoE', num_experts=3, part_features=2)
    vit = MODELS.build(
        dict(
            arch=ARCH,
            img_size=tuple(max(patch, n * stride) for n in trained),
            patch_size=patch,
            patch_stride=stride,
            attention=attention,
            **(experts if moe else dict(type='ViT')))).to(dtype).eval()
    images = torch.randn(len(ways), 3, *size, dtype=dtype)
    ways = torch.tensor(ways, dtype=torch.int64)
    with torch.no_grad():
        maps, = vit(images, *[ways] * moe)
        assert maps.shape == (len(ways), 8, *(n // stride for n in size))
        assert maps.dtype == dtype and maps.isfinite().all()
        for i in range(len(ways)):
            alone, = vit(images[i:i + 1], *[ways[i:i + 1]] * moe)
            torch.testing.assert_close(
                maps[i:i + 1], alone, atol=CLOSE[dtype], rtol=0)


def head(num_keypoints: int) -> dict:
    return dict(
        type='HeatmapHead',
        in_channels=8,
        out_channels=num_keypoints,
        deconv_out_channels=(8, ),
        deconv_kernel_sizes=(4, ),
        decoder=dict(
            type='BatchUDPHeatmap', input_size=(24, 32), heatmap_size=(6, 8)))


@many
@given(names=st.lists(st.sampled_from(NAMES), max_size=6), flip=st.booleans())
def test_a_mixture_is_its_samples_one_by_one(fill, names, flip):
    model = MODELS.build(
        dict(
            type='MultiDatasetTopdownPoseEstimator',
            backbone=dict(
                type='ViTMoE', num_experts=3, arch=ARCH, img_size=(32, 24),
                patch_size=8),
            heads={name: head(KEYPOINTS[name]) for name in NAMES},
            test_cfg=dict(flip_test=flip)))
    model = fill(model).double()

    def sample(name):
        return PoseDataSample(
            metainfo=dict(
                dataset_name=name,
                flip_indices=list(range(KEYPOINTS[name]))[::-1],
                input_size=(24, 32),
                input_center=np.array([12., 16.]),
                input_scale=np.array([24., 32.])),
            gt_instances=InstanceData(
                bboxes=np.array([[0., 0., 24., 32.]]),
                bbox_scores=np.ones(1)))

    crops = torch.randn(len(names), 3, 32, 24, dtype=torch.float64)
    with torch.no_grad():
        found = model.predict(crops, [sample(name) for name in names])
        assert len(found) == len(names)
        for i, name in enumerate(names):
            alone, = model.predict(crops[i:i + 1], [sample(name)])
            np.testing.assert_allclose(
                found[i].pred_instances.keypoints,
                alone.pred_instances.keypoints, atol=1e-4)


@many
@given(
    heatmap=sizes(5, 40),
    factor=st.floats(1, 8),
    sigma=st.floats(0.5, 3),
    place=st.tuples(st.floats(0, 1), st.floats(0, 1)),
    noise=st.floats(0, 0.1),
    seed=st.integers(0, 99))
def test_batches_are_decoded_as_mmpose_does(heatmap, factor, sigma, place,
                                            noise, seed):
    options = dict(
        input_size=tuple(round(n * factor) for n in heatmap),
        heatmap_size=heatmap,
        sigma=sigma)
    theirs = UDPHeatmap(**options)
    keypoints = np.array(place) * (np.array(options['input_size']) - 1)
    maps = theirs.encode(keypoints[None, None],
                         np.ones((1, 1)))['heatmaps']
    maps = maps + noise * np.random.default_rng(seed).random(
        maps.shape, np.float32)
    expected, scores = theirs.decode(maps)
    ours = KEYPOINT_CODECS.build(dict(type='BatchUDPHeatmap', **options))
    found, found_scores = ours.batch_decode(torch.from_numpy(maps[None]))
    np.testing.assert_allclose(found_scores[0], scores, rtol=1e-5)
    if np.isfinite(expected).all():
        np.testing.assert_allclose(found[0], expected, atol=0.02)
    assert np.isfinite(found[0]).all()


def build_sampler(joined: ConcatDataset, seed: int, share: dict):
    return DATA_SAMPLERS.build(
        dict(type='MultiDatasetSampler', dataset=joined, seed=seed, **share))


@many
@given(
    lengths=st.lists(st.integers(1, 30), min_size=1, max_size=4),
    weights=st.lists(st.floats(0.01, 100), min_size=4, max_size=4),
    temperature=st.one_of(st.none(), st.floats(0.1, 50)),
    world=st.integers(1, 5),
    epoch=st.integers(0, 7),
    seed=st.integers(0, 2**31 - 1))
def test_processes_share_an_epoch_whatever_its_datasets(
        lengths, weights, temperature, world, epoch, seed):
    joined = ConcatDataset([range(n) for n in lengths])
    share = dict(ratios=weights[:len(lengths)]) if temperature is None else \
        dict(temperature=temperature)
    try:
        build_sampler(joined, seed, share)
    except ValueError as error:
        assert 'less than one of the' in str(error)
        assume(False)
    shown = []
    for rank in range(world):
        sampler = build_sampler(joined, seed, share)
        sampler.rank, sampler.world_size = rank, world
        sampler.num_samples = ceil(sum(lengths) / world)
        sampler.set_epoch(epoch)
        shown.append(list(sampler))
        assert len(shown[-1]) == len(sampler)
    # In turns, as batches are joined; the first ones again fill the last.
    epoch_of_all = [i for turn in zip(*shown) for i in turn]
    total = sum(lengths)
    assert epoch_of_all[total:] == epoch_of_all[:len(epoch_of_all) - total]
    start = 0
    for length, quota in zip(lengths, sampler.quotas):
        times = Counter(i for i in epoch_of_all[:total]
                        if start <= i < start + length)
        assert sum(times.values()) == quota
        counts = [times[i] for i in range(start, start + length)]
        assert max(counts) - min(counts) <= 2  # it may begin within a round
        start += length
    assert sum(sampler.quotas) == total


@many
@given(
    dim=st.sampled_from([12, 24, 48]),
    depth=st.integers(1, 3),
    num_keypoints=st.integers(1, 40),
    decoder=st.sampled_from(['classic', 'simple']),
    joint=st.booleans(),
    suffix=st.sampled_from(['pth', 'safetensors']))
def test_files_come_back_as_they_were(official_weights, tmp_path, dim, depth,
                                      num_keypoints, decoder, joint, suffix):
    weights = official_weights(
        dim, depth, num_keypoints=num_keypoints, decoder=decoder,
        part_features=dim // 4 if joint else None)
    weights['backbone.pos_embed'][:, 0] = 0  # ours has no class token
    for path in tmp_path.iterdir():
        path.unlink()
    torch.save(dict(state_dict=weights), tmp_path / 'theirs.pth')
    convert(tmp_path / 'theirs.pth', tmp_path / f'ours.{suffix}',
            'vitpose_mm')
    convert(tmp_path / f'ours.{suffix}', tmp_path / 'back.pth', 'official')
    back = torch.load(tmp_path / 'back.pth', weights_only=True)['state_dict']
    assert back.keys() == weights.keys()
    for name, tensor in weights.items():
        assert torch.equal(back[name], tensor), name
