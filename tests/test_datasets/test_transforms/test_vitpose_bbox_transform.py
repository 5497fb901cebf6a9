# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""What is drawn, against closed forms of a clipped normal distribution."""
import numpy as np
import pytest
from mmengine.config import Config
from mmpose.registry import TRANSFORMS
from scipy.stats import norm

NUMBER = 200_000


def draw(**options):
    np.random.seed(0)
    transform = TRANSFORMS.build(dict(type='ViTPoseBBoxTransform', **options))
    return transform._get_transform_params(NUMBER)


def share(mask, expected):
    """Whether a share agrees, within five sigma of a binomial."""
    error = np.sqrt(expected * (1 - expected) / NUMBER)
    assert abs(np.mean(mask) - expected) < 5 * error


def test_size_is_a_normal_one_whose_tails_are_at_the_limits():
    _, scale, _ = draw()
    for limit in 0.5, 1.5:
        share(scale == limit, norm.cdf(-1))
    for value in 0.6, 0.75, 1., 1.4:
        share(scale < value, norm.cdf((value - 1) / 0.5))
    # Variance of N clipped at 1: P(|N| < 1) - 2 phi(1) inside, 2 Phi(-1) at
    # the ends.
    variance = 1 - 2 * norm.pdf(1)
    assert scale.std() == pytest.approx(0.5 * np.sqrt(variance), rel=0.01)


def test_angle_is_normal_with_sigma_40_and_ends_at_80():
    _, _, rotate = draw()
    share(rotate == 0, 0.4)
    for limit in -80, 80:
        share(rotate == limit, 0.6 * norm.cdf(-2))
    for value in 10, 40, 70:
        share(rotate > value, 0.6 * norm.cdf(-value / 40))


def test_shift_is_uniform():
    offset, _, _ = draw()
    share((offset != 0).any(1), 0.3)
    moved = offset[(offset != 0).any(1)] / 0.16
    assert -1 <= moved.min() < -0.999 and 0.999 < moved.max() <= 1
    for value in -0.5, 0., 0.9:
        assert np.mean(moved < value, 0) == pytest.approx(
            (value + 1) / 2, abs=0.01)
    assert abs(np.corrcoef(moved.T)[0, 1]) < 0.02


def test_what_has_no_probability_stays():
    offset, scale, rotate = draw(shift_prob=0., scale_prob=0., rotate_prob=0.)
    assert (offset == 0).all() and (scale == 1).all() and (rotate == 0).all()


def test_hands_turn_in_full_circles_and_shift_by_a_fifth(repo):
    """Of the box before it was padded by 1.5."""
    config = Config.fromfile(repo /
                             'configs/_base_/datasets/interhand2d_256x192.py')
    step, = [step for step in config.train_pipeline
             if step.type == 'ViTPoseBBoxTransform']
    options = {key: step[key] for key in step if key != 'type'}
    offset, scale, rotate = draw(**options)
    share((offset != 0).any(1), 0.3)
    assert np.abs(offset).max() * 1.5 == pytest.approx(0.2, abs=1e-4)
    share(scale == np.float32(1.3), norm.cdf(-1))
    share(rotate == 180, 0.6 * norm.cdf(-2))
    share(rotate > 90, 0.6 * norm.cdf(-1))


def test_only_whole_bodies_are_shifted(repo):
    """A half's box replaces the shifted one, size and angle come after."""
    for name in 'coco', 'crowdpose', 'joint':
        config = Config.fromfile(
            repo / f'configs/_base_/datasets/{name}_256x192.py')
        kinds = [step.type for step in config.train_pipeline]
        half = kinds.index('ViTPoseHalfBody')
        first, second = [
            (index, TRANSFORMS.build(step))
            for index, step in enumerate(config.train_pipeline)
            if step.type == 'ViTPoseBBoxTransform']
        assert first[0] < half < second[0]
        assert (first[1].shift_prob, first[1].scale_prob,
                first[1].rotate_prob) == (0.3, 0., 0.)
        assert (second[1].shift_prob, second[1].scale_prob,
                second[1].rotate_prob) == (0., 1., 0.6)
