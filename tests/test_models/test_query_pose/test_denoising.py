# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import pytest
import torch

from vitpose_mm.models.query_pose.denoising import (attention_mask,
                                                    match_noised, noise)
from vitpose_mm.models.query_pose.layer import TokenAttention
from vitpose_mm.models.query_pose.targets import Targets

K = 400


@pytest.fixture
def targets():
    """Two people in one image, one in the other, half of whose keypoints are
    labelled."""
    weights = torch.ones(2, 2, K)
    weights[1, 0, K // 2:] = 0
    weights[1, 1] = 0
    return Targets(
        torch.rand(2, 2, K, 2) * 300, weights,
        torch.rand(2, 2, K) * 9 + 1, torch.full((2, 2), 2500.), [2, 1])


def test_similarity_is_evenly_spread_in_its_range(targets):
    noised = noise(targets, 12)
    assert noised.keypoints.shape == (2, 12, K, 2)
    assert noised.num_groups == 3
    moved = (noised.keypoints - targets.keypoints[:, noised.person]).norm(
        dim=-1)
    stds = targets.stds[:, noised.person]
    similarity = torch.exp(-moved**2 / (2 * stds**2))
    labelled = targets.weights[:, noised.person] > 0
    for index in range(12):
        low, high = (0.5, 1) if index in noised.positive else (0.1, 0.5)
        for image in range(2):
            own = similarity[image, index][labelled[image, index]]
            if len(own):
                assert low - 1e-4 < own.min() < low + 0.1 * (high - low)
                assert high - 0.1 * (high - low) < own.max() < high + 1e-4
                assert own.mean() == pytest.approx(
                    (low + high) / 2, abs=0.1 * (high - low))


def test_keypoints_without_label_start_at_the_mean_of_the_others(targets):
    noised = noise(targets, 4)
    mean = targets.keypoints[1, 0, :K // 2].mean(0)
    own = noised.keypoints[1, noised.person == 0][:, K // 2:]
    # exp(-d^2 / (2 * 10^2)) > 0.1 for the largest std
    assert (own - mean).norm(dim=-1).max() < 21.5


def test_pairs_are_the_positive_ones_and_whom_they_are_made_of(targets):
    noised = noise(targets, 8)
    pairs = match_noised(noised, 2)
    found = set(zip(*(part.tolist() for part in pairs)))
    # Two groups of four; in each the first two are to be found.
    expected = {(0, 0, 0, 0), (0, 0, 1, 1), (0, 0, 4, 0), (0, 0, 5, 1),
                (0, 1, 0, 0), (0, 1, 4, 0)}
    expected |= {(1, *rest) for _, *rest in expected}
    assert found == expected


def test_groups_queries_and_filling_do_not_see_each_other(targets, fill):
    noised = noise(targets, 8)
    mask = attention_mask(noised, 3)
    attention = fill(TokenAttention(8, 2))
    x, pos = torch.randn(2, 2, 1, 3 + 8, 8)
    before = attention(x, pos, mask)
    groups = [[0, 1, 2], [3, 4, 5, 6], [7, 8, 9, 10]]
    filling = [4, 6, 8, 10]  # of the second image
    for group in groups:
        changed = x.clone()
        changed[:, :, group] += 1
        moved = (attention(changed, pos, mask) != before).any(-1)[:, 0]
        assert moved[0].nonzero().flatten().tolist() == group
        assert moved[1].nonzero().flatten().tolist() == group
    changed = x.clone()
    changed[1, :, filling] += 1
    moved = (attention(changed, pos, mask) != before).any(-1)[:, 0]
    assert moved[1].nonzero().flatten().tolist() == filling


def test_nobody_makes_no_noise(targets):
    nobody = Targets(*(part[:, :0] for part in targets[:4]), [0, 0])
    assert noise(nobody, 8) is None
    assert noise(targets, 0) is None
