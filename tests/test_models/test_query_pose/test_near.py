# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Queries that begin on a person, against a loop over all of them."""
import numpy as np
import pytest
import torch

from vitpose_mm.models.query_pose.matching import Weights
from vitpose_mm.models.query_pose.near import near_losses
from vitpose_mm.models.query_pose.people import People
from vitpose_mm.models.query_pose.targets import Targets

WEIGHTS = Weights(2., 5., 4., 1.)
L, B, N, M, K = 2, 2, 9, 3, 4


def make(seed: int):
    """Two images, one with three people, one with one and two to fill up."""
    rng = torch.Generator().manual_seed(seed)

    def rand(*shape):
        return torch.rand(*shape, generator=rng, dtype=torch.float64)

    weights = (rand(B, M, K) > .3).double()
    weights[..., 0] = 1
    weights[1, 1:] = 0
    targets = Targets(100 * rand(B, M, K, 2), weights, 5 + 5 * rand(B, M, K),
                      1500 + 500 * rand(B, M), [3, 1])
    # Around people, more or less.
    whose = torch.randint(M, (B, N), generator=rng)
    at = torch.stack([targets.keypoints[b, whose[b]] for b in range(B)])
    start = at + 60 * (rand(B, N, 1, 2) - .5) * rand(B, N, 1, 1)
    layers = [
        People((start + rand(B, N, K, 2)).requires_grad_(), rand(B, N),
               rand(B, N, K)) for _ in range(L)
    ]
    return layers, start, targets


def by_loops(layers, start, targets):
    """Terms, and who is near whom."""
    labels, weights, stds, areas = (part.numpy() for part in targets[:4])
    total, near = dict(distance=0., oks=0.), {}
    for b in range(B):
        for n in range(N):
            away = []
            for m in range(targets.numbers[b]):
                apart = np.abs(start[b, n].numpy() - labels[b, m]).sum(-1)
                away.append((apart * weights[b, m]).sum() / weights[
                    b, m].sum() / areas[b, m]**.5)
            if min(away) < 1:
                near.setdefault((b, int(np.argmin(away))), []).append(n)
    for (b, m), queries in near.items():
        for layer in layers:
            for n in queries:
                move = layer.keypoints[b, n].detach().numpy() - labels[b, m]
                own = weights[b, m] / weights[b, m].sum() / len(queries)
                total['distance'] += (
                    own * np.abs(move).sum(-1)).sum() / areas[b, m]**.5
                total['oks'] += (own * (1 - np.exp(
                    -(move**2).sum(-1) / 2 / stds[b, m]**2))).sum()
    return dict(distance=5 * total['distance'], oks=4 * total['oks']), near


@pytest.mark.parametrize('seed', range(4))
def test_each_counts_for_the_person_that_it_begins_nearest_to(seed):
    layers, start, targets = make(seed)
    expected, near = by_loops(layers, start, targets)
    assert len(near) > 1 and max(map(len, near.values())) > 1
    assert sum(map(len, near.values())) < B * N

    terms = near_losses(layers, start, targets, torch.tensor(2.), WEIGHTS)
    for name, term in terms.items():
        assert float(term.detach()) == pytest.approx(expected[name] / 2)
    sum(terms.values()).backward()
    moved = layers[0].keypoints.grad.abs().sum((2, 3)) > 0
    assert {tuple(place) for place in moved.nonzero().tolist()} == {
        (b, n) for (b, _), queries in near.items() for n in queries}


@pytest.mark.parametrize('people', [0, M])
def test_nobody_is_near_nobody(people):
    layers, start, targets = make(0)
    nobody = Targets(*(part[:, :people] for part in targets[:4]), [0, 0])
    nobody = nobody._replace(weights=nobody.weights * 0)
    terms = near_losses(layers, start, nobody, torch.tensor(1.), WEIGHTS)
    assert [float(term.detach()) for term in terms.values()] == [0, 0]
    # Data-parallel training waits for the gradient of every parameter.
    sum(terms.values()).backward()
    assert not layers[0].keypoints.grad.any()
