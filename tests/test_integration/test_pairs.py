# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Every feature beside every other: laws that hold whatever is combined.

The tables are in tests/pairs.py. Each law compares with another way to the
same numbers: one crop at a time, by hand, or as the closed form says.
"""
import copy
from functools import partial

import numpy as np
import pairs
import pytest
import torch
from mmengine.model import ExponentialMovingAverage
from mmengine.utils import digit_version
from mmpose.registry import HOOKS, MODELS
from pairs import ALL, FLIP, KINDS

PAIRS = list(pairs.pairs_of_options())
NAMES = 'baba'


def build(config, **changes):
    model = MODELS.build(copy.deepcopy(dict(config, **changes)))
    return pairs.randomise(model)


def names_for(kind: str, count: int = 4) -> str:
    """Datasets of a batch: both where the model has experts."""
    return NAMES[:count] if kind.startswith('ViTMoE') else 'a' * count


def features(model, inputs, names):
    """Maps of a backbone, with experts or without."""
    if getattr(model, 'num_experts', 1) == 1:
        return model(inputs)[0]
    return model(inputs, torch.tensor([list(FLIP).index(n) for n in names]))[0]


@pytest.mark.parametrize('kind, options', PAIRS)
def test_backbones_keep_crops_apart_recompute_and_reload(kind, options):
    """Three laws of a backbone: a crop's features do not depend on those
    beside it; recomputing blocks changes no gradient and no statistics; its
    weights make the same model again."""
    config = pairs.backbone(kind, options)
    model = build(config).eval()
    inputs, names = pairs.crops(3), names_for(kind, 3)
    with torch.no_grad():
        together = features(model, inputs, names)
        alone = torch.cat([features(model, crop[None], name)
                           for crop, name in zip(inputs, names)])
        again = MODELS.build(config).eval()
        again.load_state_dict(model.state_dict())
        assert torch.equal(features(again, inputs, names), together)
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-5)
    assert together.std() > 0.1

    found = []
    for with_cp in (False, True):
        model = copy.deepcopy(again).train()
        model.with_cp = with_cp
        total = features(model, inputs, names).square().mean()
        found.append((total, *pairs.gradients(model, total),
                      *model.state_dict().values()))
    for plain, recomputed in zip(*found):
        torch.testing.assert_close(plain, recomputed)
    assert found[0][1].any() or 'frozen' in options


@pytest.mark.parametrize('kind', KINDS)
@pytest.mark.parametrize('options', [(name, ) for name in pairs.OPTIONS]
                         + [ALL])
def test_a_flipped_test_is_the_mean_by_hand(kind, options):
    config = pairs.estimator(kind, options, test_cfg=dict(
        flip_test=True, output_heatmaps=True))
    model, inputs = build(config).eval(), pairs.crops(4)
    names = names_for(kind)
    with torch.no_grad():
        found = model(inputs, pairs.samples_for(config, names), 'predict')
        for crop, name, result in zip(inputs, names, found):
            both = torch.stack([crop, crop.flip(-1)])
            maps = features(model.backbone, both, name * 2)
            head = model.heads[name] if hasattr(model, 'heads') else model.head
            # One head, one dataset: without the estimator's routes.
            straight, mirrored = head((maps, ))
            mean = (straight + mirrored.flip(-1)[FLIP[name]]) / 2
            torch.testing.assert_close(
                result.pred_fields.heatmaps, mean, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize('kind', [k for k in KINDS if 'MoE' in k])
@pytest.mark.parametrize('flip', [False, True])
@pytest.mark.parametrize('options', [(), ('stride', *ALL)])
def test_a_folded_model_is_the_unfolded_one(kind, flip, options):
    for name in FLIP:
        config = pairs.estimator(kind, options, test_cfg=dict(
            flip_test=flip, output_heatmaps=True, dataset=name))
        # What the samples call themselves must not matter then.
        samples = pairs.samples_for(config, name * 3)
        model = build(config, metainfo=META[name]).eval()
        folded = copy.deepcopy(model)
        folded.switch_to_deploy()
        assert 'experts' not in ' '.join(folded.state_dict())
        with torch.no_grad():
            whole, small = (each(pairs.crops(3), copy.deepcopy(samples),
                                 'predict') for each in (model, folded))
        for one, other in zip(whole, small):
            torch.testing.assert_close(
                one.pred_fields.heatmaps, other.pred_fields.heatmaps,
                atol=1e-4, rtol=1e-4)


META = {
    name: dict(
        dataset_name=name, skeleton_info={}, joint_weights=[1.] * len(order),
        sigmas=[], keypoint_info={
            index: dict(name=str(index), swap=str(other))
            for index, other in enumerate(order)
        })
    for name, order in FLIP.items()
}


@pytest.mark.parametrize('flip', [False, True])
@pytest.mark.parametrize('kind', KINDS)
def test_both_codecs_find_the_same_keypoints(kind, flip):
    """Beside windows, tokens and experts, on stock or own estimators."""
    found = []
    for codec in 'UDPHeatmap', 'BatchUDPHeatmap':
        type = dict(UDPHeatmap='TopdownPoseEstimator').get(
            codec, 'FastTopdownPoseEstimator')
        config = pairs.estimator(kind, (*ALL, 'stride'), codec, type,
                                 dict(flip_test=flip))
        with torch.no_grad():
            found.append(build(config).eval()(
                pairs.crops(4), pairs.samples_for(config, names_for(kind)),
                'predict'))
    compared = 0
    for stock, own in zip(*found):
        stock, own = stock.pred_instances, own.pred_instances
        np.testing.assert_allclose(stock.keypoint_scores, own.keypoint_scores)
        # Of maps without a positive value MMPose's answer is undefined.
        # Where the second derivatives at a peak nearly cancel, the refined
        # one may lie anywhere, and stock loses its digits.
        inside = (np.abs(own.keypoints - stock.bboxes[:, None, :2]).max(-1)
                  < 200)
        clear = (stock.keypoint_scores > 0.02) & inside
        np.testing.assert_allclose(stock.keypoints[clear],
                                   own.keypoints[clear], atol=0.05)
        compared += clear.sum()
    assert compared >= 4


def models():
    """A top-down, joint or bottom-up model of everything at once."""
    for kind in KINDS:
        yield f'{kind} top-down', pairs.estimator(kind, ALL), names_for(kind)
    for kind in ('ViT', 'ViTAE'):
        yield f'{kind} bottom-up', pairs.bottomup(kind, ALL), None


def batch_of(config, names):
    return pairs.crops(4), (pairs.crowd(4) if names is None else
                            pairs.samples_for(config, names))


@pytest.mark.parametrize('name, config, names', models())
def test_mixed_precision_learns_in_the_same_direction(name, config, names):
    inputs, samples = batch_of(config, names)
    totals, directions = [], []
    for enabled in (False, True):
        model = build(config).train()
        with torch.autocast('cpu', torch.bfloat16, enabled=enabled):
            total = sum(pairs.losses(model, inputs, samples).values())
        parts = pairs.gradients(model, total)
        assert all(part.dtype == torch.float32 for part in parts)
        totals.append(total.detach().float())
        directions.append(torch.cat([part.flatten() for part in parts]))
    torch.testing.assert_close(*totals, rtol=.05, atol=0)
    assert torch.cosine_similarity(*directions, dim=0) > .95
    assert not torch.equal(*directions)


@pytest.mark.parametrize('name, config, names', models())
def test_averages_are_the_closed_form_and_test_like_it(name, config, names):
    """Of three steps: w0 (1 - m)^2 + w1 m (1 - m) + w2 m."""
    model, rate = build(config), .25
    average = ExponentialMovingAverage(model, rate)
    seen = []
    for seed in range(3):
        pairs.randomise(model, seed)
        average.update_parameters(model)
        seen.append(copy.deepcopy(model.state_dict()))
    shares = (1 - rate)**2, rate * (1 - rate), rate
    expected = copy.deepcopy(model)
    for key, param in expected.named_parameters():
        param.data = sum(share * state[key]
                         for share, state in zip(shares, seen))
        torch.testing.assert_close(
            average.module.get_parameter(key), param, msg=key)
    with torch.no_grad():
        one, other = (each.eval()(*batch_of(config, names), 'predict')
                      for each in (average.module, expected))
    for mine, theirs in zip(one, other):
        np.testing.assert_allclose(mine.pred_instances.keypoints,
                                   theirs.pred_instances.keypoints, atol=.01)


@pytest.mark.parametrize('options', [(name, ) for name in pairs.OPTIONS]
                         + [ALL])
@pytest.mark.parametrize('flip', [False, True])
def test_bottom_up_maps_of_a_flip_are_the_mean_by_hand(options, flip):
    if 'stride' in options:
        pytest.skip('its head would have to upsample once')
    for kind in ('ViT', 'ViTAE'):
        config = pairs.bottomup(kind, options)
        model = build(config, test_cfg=dict(
            flip_test=flip, output_heatmaps=True)).eval()
        inputs = pairs.crops(2)
        with torch.no_grad():
            found = model(inputs, pairs.crowd(2), 'predict')
            maps, tags = model.head(model.backbone(inputs))
            mirrored, other = model.head(model.backbone(inputs.flip(-1)))
        order = FLIP['a']
        if flip:
            maps = (maps + mirrored.flip(-1)[:, order]) / 2
            tags = torch.cat([tags, other.flip(-1)[:, order]], 1)
        for result, heatmaps, tag in zip(found, maps, tags):
            field = result.pred_fields
            torch.testing.assert_close(field.heatmaps, heatmaps)
            torch.testing.assert_close(field.tags, tag)


@pytest.mark.slow
@pytest.mark.skipif(
    digit_version(torch.__version__) < digit_version('2.2.0'),
    reason='CompileHook refuses this torch')
@pytest.mark.parametrize('backend, kind, make, with_cp', [
    ('aot_eager', 'ViT', pairs.estimator, True),
    ('aot_eager', 'ViTAE', pairs.bottomup, True),
    ('inductor', 'ViTAE', pairs.estimator, True),
    ('inductor', 'ViT', pairs.bottomup, False),
])
def test_a_compiled_model_learns_as_the_plain_one(backend, kind, make,
                                                  with_cp, monkeypatch):
    config = make(kind, ALL, with_cp=with_cp)
    names = 'aaaa' if make is pairs.estimator else None
    inputs, samples = batch_of(config, names)
    found = []
    torch._dynamo.reset()
    monkeypatch.setattr(torch, 'compile',
                        partial(torch.compile, backend=backend))
    for is_compiled in (False, True):
        model = build(config).train()
        if is_compiled:
            HOOKS.build(dict(type='CompileHook')).compile(model)
        total = sum(pairs.losses(model, inputs, samples).values())
        found.append((total, *pairs.gradients(model, total),
                      *model.state_dict().values()))
    assert 'forward' in vars(model.backbone)
    for plain, compiled in zip(*found):
        torch.testing.assert_close(plain, compiled, atol=1e-4, rtol=1e-3)
