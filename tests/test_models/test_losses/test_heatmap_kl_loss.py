# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import pytest
import torch
from mmpose.registry import MODELS
from torch.distributions import Categorical, kl_divergence


def maps() -> torch.Tensor:
    return torch.rand(2, 3, 8, 6)


def test_it_is_torchs_divergence_weighted_per_keypoint():
    output, target, weights = maps(), maps(), torch.rand(2, 3)
    loss = MODELS.build(dict(type='HeatmapKLLoss', temperature=0.2))
    divergence = kl_divergence(*(Categorical(logits=m.flatten(2) / 0.2)
                                 for m in (target, output)))
    torch.testing.assert_close(
        loss(output, target, weights), 0.04 * (divergence * weights).mean())
    torch.testing.assert_close(loss(output, target), 0.04 * divergence.mean())


def test_equal_maps_cost_nothing():
    loss, target = MODELS.build(dict(type='HeatmapKLLoss')), maps()
    assert loss(target, target) == 0


def test_a_temperature_of_zero_is_refused():
    with pytest.raises(ValueError, match='temperature=0'):
        MODELS.build(dict(type='HeatmapKLLoss', temperature=0))
